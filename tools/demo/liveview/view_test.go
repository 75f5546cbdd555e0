package liveview

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestViewPaintsInPlace(t *testing.T) {
	var out bytes.Buffer
	width, height := 80, 24
	v := &View{out: &out, screen: true, size: func() (int, int) { return width, height }}
	show := func() string {
		t.Helper()
		out.Reset()
		if err := v.Show(picture()); err != nil {
			t.Fatal(err)
		}
		return out.String()
	}
	first := show()
	if !strings.HasPrefix(first, enterScreen) {
		t.Errorf("the first picture begins %q", first[:20])
	}
	second := show()
	if strings.Contains(second, enterScreen) || !strings.Contains(second, home) {
		t.Errorf("the second picture begins %q", second[:20])
	}
	if n := strings.Count(second, eraseLine); n != height {
		t.Errorf("%d lines erased to their end, want %d", n, height)
	}
	height = 30 // the window was resized
	if n := strings.Count(show(), eraseLine); n != height {
		t.Errorf("%d lines after resizing, want %d", n, height)
	}

	out.Reset()
	if err := v.Close(); err != nil {
		t.Fatal(err)
	}
	if got := out.String(); !strings.HasPrefix(got, leaveScreen) || !strings.Contains(got, "wrong: 0") {
		t.Errorf("closing writes %q", got)
	}
	out.Reset()
	if err := errors.Join(v.Close(), v.Show(picture())); err != nil || out.Len() > 0 {
		t.Errorf("after closing: %q, %v", out.String(), err)
	}
}

func TestColour(t *testing.T) {
	for noColour, want := range map[string]bool{"": true, "1": false} {
		t.Setenv("NO_COLOR", noColour)
		v := New(os.Stdout)
		var out bytes.Buffer
		v.out, v.screen = &out, true
		if err := v.Show(picture()); err != nil {
			t.Fatal(err)
		}
		if got := escape.MatchString(out.String()); got != want {
			t.Errorf("NO_COLOR=%q: colours %v", noColour, got)
		}
	}
}

func TestLinesWhereThereIsNoTerminal(t *testing.T) {
	path := filepath.Join(t.TempDir(), "out")
	file, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { file.Close() })
	v := New(file)
	if v.OnTerminal() {
		t.Fatal("a file is a terminal")
	}
	f := picture()
	for _, ms := range []int{0, 300, 900, 1100, 1500, 2099, 2100, 2400} {
		f.Elapsed = time.Duration(ms) * time.Millisecond
		if err := v.Show(f); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(v.Close(), v.Close()); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSuffix(string(text), "\n"), "\n")
	if len(lines) != 5 || lines[0] != f.Quit { // how to quit, then at 0, 1.1, 2.1, and the last one on closing
		t.Fatalf("%d lines:\n%s", len(lines), text)
	}
	want := "2024-05-14 10:32:07  up 0s  2,013 events/s  1,204,120 events  p50 4.2 ms  p99 48 ms  outstanding 35" +
		"  refused 1,397  busiest Harbor Umbrella (1124 sold in last hour)  HIGH_DEMAND 1  LOW_STOCK 2" +
		"  checked 10,500  wrong 0"
	if lines[1] != want {
		t.Errorf("line\n%s, want\n%s", lines[1], want)
	}
}
