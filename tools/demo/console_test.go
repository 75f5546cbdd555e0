package demo

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
)

func TestConsole(t *testing.T) {
	for _, c := range []struct {
		inPlace bool
		want    string
	}{
		{false, "Open\nstatus 1\nlate count\nwarning\nstatus 2\nsummary\n"},
		{true, eraseLine + "Open\n" + eraseLine + "status 1" + eraseLine + "late count\nstatus 1" +
			eraseLine + "warning\nstatus 1" + eraseLine + "status 2" + eraseLine + "summary\n"},
	} {
		out, err := os.Create(filepath.Join(t.TempDir(), "out"))
		if err != nil {
			t.Fatal(err)
		}
		k := newConsole(out, out)
		k.inPlace = c.inPlace
		fail := func(err error) {
			if err != nil {
				t.Error(err)
			}
		}
		fail(k.line("Open"))
		fail(k.show("status 1"))
		fail(k.line("late count"))
		fmt.Fprintln(k, "warning")
		fail(k.show("status 2"))
		k.mute()
		fmt.Fprintln(k, "dropped")
		fail(k.end("summary\n"))
		fail(out.Close())
		if got, err := os.ReadFile(out.Name()); err != nil || string(got) != c.want {
			t.Errorf("in place %v: %q, %v; want %q", c.inPlace, got, err, c.want)
		}
		if err := k.line("after it is closed"); err == nil {
			t.Error("no error of a closed file")
		}
	}
}
