package liveview

import (
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

var update = flag.Bool("update", false, "write the golden files anew")

func units(n int64) Stock { return Stock{OnHand: n, Known: true} }

// picture returns a frame with a value in every field.
func picture() Frame {
	return Frame{
		Clock:   time.Date(2024, time.May, 14, 10, 32, 7, 0, time.UTC),
		Speed:   60,
		Elapsed: 3*time.Minute + 12*time.Second + 400*time.Millisecond,
		Events:  1_204_120, EventsPerSecond: 2013.4,
		P50: 4200 * time.Microsecond, P99: 48 * time.Millisecond, Outstanding: 35,
		Refused: []Count{
			{"BAD_JSON", 86}, {"BAD_FIELD", 57}, {"MISSING_FIELD", 71}, {"BAD_ID", 72}, {"BAD_TIME", 60},
			{"FUTURE", 28}, {"UNKNOWN_TYPE", 14}, {"TOO_LARGE", 1}, {"RESET_TOO_OLD", 0}, {"ID_REUSED", 1008},
		},
		Products: []Product{
			{
				Name: "Harbor Umbrella", Stock: units(4049), Shop: "Web shop", ShopStock: units(-3),
				Units: 1124, Window: "1h",
				Message: "1124 sold in last hour", Badges: []string{"HIGH_DEMAND", "LOW_STOCK"},
				Trend: []int64{0, 0, 1, 2, 4, 8, 12, 19, 30, 41, 60, 66, 71, 70, 80, 78, 90},
			},
			{
				Name: "Dune Board Game", Stock: units(1_203_112), Shop: "Copenhagen", ShopStock: units(4),
				Units: 211, Window: "1h", Message: "211 sold in last hour",
				Badges: []string{"LOW_STOCK"}, LowIn: "Leipzig", Trend: []int64{9, 9, 9, 9, 9, 9},
			},
			{
				Name: "Coral Hand-Thrown Stoneware Tea Kettle", Stock: units(87),
				Shop: "Berlin Schönefeld Airport", ShopStock: units(12),
				Units: 120, Window: "24h", Message: "120 sold in last 24 hours", Trend: []int64{-2, 0, 3},
			},
			{Name: "Birch Candle", Shop: "Oslo", Units: 6, Window: "24h", Message: "6 sold in last 24 hours"},
			{Name: "bad\x1b[2Jname\n", Stock: units(0), Units: 1, Window: "24h", Message: "1 sold in last 24 hours"},
		},
		Notice:  "Harbor Umbrella is going viral",
		Checked: 10_500,
		Quit:    "Ctrl-C ends it", HighDemand: 6000, LowStock: 5,
	}
}

func TestRenderGolden(t *testing.T) {
	wrong := picture()
	wrong.Wrong, wrong.Notice, wrong.Speed = 2, "", 1
	for _, c := range []struct {
		name          string
		frame         Frame
		width, height int
		colour        bool
	}{
		{"120x40.txt", picture(), 120, 40, false},
		{"80x24_colour.txt", wrong, 80, 24, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := strings.Join(c.frame.lines(c.width, c.height, c.colour), "\n")
			golden(t, c.name, got)
			if n := strings.Count(got, "\n") + 1; n != c.height {
				t.Errorf("%d lines, want %d", n, c.height)
			}
		})
	}
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(got+"\n"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got+"\n" != string(want) {
		t.Errorf("the picture differs from %s; see it with go test -update and git diff. Got:\n%s", path, got)
	}
}

var escape = regexp.MustCompile("\x1b\\[[0-9;]*m")

func TestLinesFitAnyTerminal(t *testing.T) {
	for _, colour := range []bool{false, true} {
		for _, width := range []int{0, 1, 2, 7, 20, 40, 59, 60, 79, 80, 81, 100, 109, 110, 111, 120, 139, 200} {
			for height := range 30 {
				lines := picture().lines(width, height, colour)
				if len(lines) > height {
					t.Fatalf("%dx%d: %d lines", width, height, len(lines))
				}
				for _, line := range lines {
					text := escape.ReplaceAllString(line, "")
					if n := utf8.RuneCountInString(text); n > max(0, width-1) {
						t.Fatalf("%dx%d: %d cells: %q", width, height, n, line)
					}
					if strings.ContainsAny(text, "\x1b\n\r\t") {
						t.Fatalf("%dx%d: a control character in %q", width, height, line)
					}
				}
				if width >= 60 && height >= 1 && !strings.Contains(lines[len(lines)-1], "wrong") {
					t.Fatalf("%dx%d does not end with the verdict: %q", width, height, lines)
				}
			}
		}
	}
}
