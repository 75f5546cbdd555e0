package clock

import (
	"encoding/json"
	"math/rand/v2"
	"testing"
	"time"
)

func at(s string) time.Time {
	t, err := time.Parse(time.RFC3339Nano, s)
	if err != nil {
		panic(err)
	}
	return t
}

func TestAtWallAndWallOf(t *testing.T) {
	start := at("2026-03-01T08:00:00Z")
	sale := at("2025-11-28T00:00:00Z")
	tests := []struct {
		name        string
		clock       Clock
		wall, shows time.Time
	}{
		{"wall clock", New(time.Time{}, start, 1), start.Add(time.Hour), start.Add(time.Hour)},
		{"zero value", Clock{}, start, start},
		{"starts elsewhere", New(sale, start, 1), start.Add(time.Hour), sale.Add(time.Hour)},
		{"at its start", New(sale, start, 60), start, sale},
		{"fast", New(sale, start, 60), start.Add(time.Minute), sale.Add(time.Hour)},
		{"fast from now on", New(time.Time{}, start, 60), start.Add(time.Minute), start.Add(time.Hour)},
		{"slow", New(sale, start, 0.5), start.Add(time.Hour), sale.Add(30 * time.Minute)},
		{"before its start", New(sale, start, 2), start.Add(-time.Hour), sale.Add(-2 * time.Hour)},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := tt.clock.AtWall(tt.wall); got != tt.shows.UnixMilli() {
				t.Errorf("AtWall(%v) is %v, want %v", tt.wall, time.UnixMilli(got).UTC(), tt.shows)
			}
			if got := tt.clock.WallOf(tt.shows.UnixMilli()); !got.Equal(tt.wall) {
				t.Errorf("WallOf(%v) is %v, want %v", tt.shows, got.UTC(), tt.wall)
			}
		})
	}
}

func TestIsWall(t *testing.T) {
	now := time.Now()
	for _, tt := range []struct {
		clock Clock
		want  bool
	}{
		{Clock{}, true},
		{New(time.Time{}, now, 1), true},
		{New(time.Time{}, now, 2), false},
		{New(now.Add(-time.Hour), now, 1), false},
		{New(now, now, 1), false},
	} {
		if got := tt.clock.IsWall(); got != tt.want {
			t.Errorf("IsWall of %+v is %v", tt.clock, got)
		}
	}
}

func TestNowMsFollowsTheWallClock(t *testing.T) {
	c := New(at("2025-11-28T00:00:00Z"), time.Now().Add(-time.Hour), 10)
	before := c.AtWall(time.Now())
	got := c.NowMs()
	after := c.AtWall(time.Now())
	if got < before || got > after {
		t.Errorf("NowMs is %d, want from %d to %d", got, before, after)
	}
}

// TestInverse checks that WallOf inverts AtWall up to a millisecond of the slower clock, and that
// time never goes back.
func TestInverse(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 7))
	for range 20_000 {
		start := time.UnixMilli(1_500_000_000_000 + r.Int64N(500_000_000_000))
		origin := time.UnixMilli(1_000_000_000_000 + r.Int64N(1_000_000_000_000))
		speed := []float64{1, 0.25, 3, 60, 1440, 0.1 + 100*r.Float64()}[r.IntN(6)]
		c := New(origin, start, speed)
		wall := start.Add(time.Duration(r.Int64N(30*24*3600_000)) * time.Millisecond)
		if back := c.WallOf(c.AtWall(wall)).Sub(wall).Abs(); float64(back.Milliseconds()) > 1+1/speed {
			t.Fatalf("%+v: %v became %v after the round trip", c, wall, c.WallOf(c.AtWall(wall)))
		}
		ms := origin.UnixMilli() + r.Int64N(30*24*3600_000)
		if back := c.AtWall(c.WallOf(ms)) - ms; float64(max(back, -back)) > 1+speed {
			t.Fatalf("%+v: clock time %d became %d after the round trip", c, ms, ms+back)
		}
		if later := wall.Add(time.Duration(r.Int64N(1_000_000)) * time.Millisecond); c.AtWall(later) < c.AtWall(wall) {
			t.Fatalf("%+v goes back from %v to %v", c, wall, later)
		}
	}
}

// TestTravels encodes a clock as JSON, as in a DoFn, and compares the copy.
func TestTravels(t *testing.T) {
	c := New(at("2025-11-28T00:00:00Z"), at("2026-03-01T08:00:00.123Z"), 0.1)
	b, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	var copied Clock
	if err := json.Unmarshal(b, &copied); err != nil {
		t.Fatal(err)
	}
	if copied != c {
		t.Errorf("the copy is %+v, want %+v", copied, c)
	}
}
