package retail

import (
	"bytes"
	"maps"
	"slices"
	"testing"
	"time"
)

// morning is a Monday, shortly before the first shops open.
var morning = time.Date(2024, time.May, 13, 8, 0, 0, 0, time.UTC).UnixMilli()

func TestSameSeedSameWorld(t *testing.T) {
	cfg := Config{Seed: 7, Shops: 5, Products: 50, EventsPerSecond: 0.2}
	to := morning + 26*time.Hour.Milliseconds()
	whole := New(cfg, morning).Advance(to)

	inSteps, w := []Publication(nil), New(cfg, morning)
	for at := morning; at <= to; at += 1013 {
		inSteps = append(inSteps, w.Advance(at)...)
	}
	inSteps = append(inSteps, w.Advance(to)...)
	equal := func(a, b Publication) bool {
		return a.At == b.At && a.Topic == b.Topic && bytes.Equal(a.Data, b.Data) &&
			maps.Equal(a.Attributes, b.Attributes)
	}
	if !slices.EqualFunc(whole, inSteps, equal) {
		t.Errorf("%d messages in one step, %d others in many", len(whole), len(inSteps))
	}

	cfg.Seed++
	if slices.EqualFunc(whole, New(cfg, morning).Advance(to), equal) {
		t.Error("another seed makes the same world")
	}
}

func TestAdvance(t *testing.T) {
	w := New(Config{Shops: 3, Products: 20}, morning)
	if got := w.Advance(morning - 1); len(got) != 0 {
		t.Errorf("%d messages from before the start", len(got))
	}
	first := w.Advance(morning)
	if want := 4 * 20; len(first) != want { // the shops and the web shop, none of them late
		t.Errorf("%d messages at the start, want %d counts", len(first), want)
	}
	if again := w.Advance(morning); len(again) != 0 {
		t.Errorf("%d messages for no time", len(again))
	}
	last := morning
	for _, p := range w.Advance(morning + time.Hour.Milliseconds()) {
		if p.At < last || p.At > morning+time.Hour.Milliseconds() {
			t.Fatalf("a message of %d after one of %d", p.At, last)
		}
		last = p.At
	}
}

func TestTheMeanRateIsWhatWasAskedFor(t *testing.T) {
	const rate = 0.8
	w := New(Config{Seed: 5, EventsPerSecond: rate, Shops: 20, Products: 100}, morning)
	w.Advance(morning)
	start := morning + 24*time.Hour.Milliseconds() // the second day has the stock of everyday life
	w.Advance(start)
	customers := map[Topic]int{}
	for _, p := range w.Advance(start + 24*time.Hour.Milliseconds()) {
		customers[p.Topic]++
	}
	got := float64(customers[POS]+customers[ECOM]) / 86_400
	// The trend adds to it; baskets without any product in stock are missing.
	if got < 0.9*rate || got > 1.15*rate {
		t.Errorf("%.2f customer messages a second, want about %v", got, rate)
	}
	if tills := float64(customers[POS]) / float64(customers[POS]+customers[ECOM]); tills < 0.3 || tills > 0.5 {
		t.Errorf("the tills' share is %.2f, want about %v", tills, tillShare)
	}
	if stock := float64(customers[WMS]); stock > 0.2*float64(customers[POS]+customers[ECOM]) {
		t.Errorf("%v warehouse messages beside %v", stock, customers)
	}
}

func TestNamesAreUnique(t *testing.T) {
	w := New(Config{Shops: 60, Products: 1200}, morning)
	seen := map[string]bool{}
	for _, p := range w.Products() {
		if seen[p.Name] || seen[p.ID] {
			t.Errorf("product %+v", p)
		}
		seen[p.Name], seen[p.ID] = true, true
	}
	for _, s := range w.Stores() {
		if seen[s.Name] || seen[s.ID] {
			t.Errorf("store %+v", s)
		}
		seen[s.Name], seen[s.ID] = true, true
	}
}
