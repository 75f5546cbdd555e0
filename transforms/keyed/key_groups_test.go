package keyed

import (
	"fmt"
	"slices"
	"testing"
)

func TestKeyGroups(t *testing.T) {
	if got := KeyGroups(3).Names(); !slices.Equal(got, []string{"0", "1", "2"}) {
		t.Errorf("names of 3 groups: %v", got)
	}
	if got := KeyGroups(0).Names(); len(got) != 0 {
		t.Errorf("names of literal keys: %v", got)
	}
	// The group of a key is part of a job's state: it never changes.
	for key, want := range map[string]int{"12:555": 23, "online:555": 25, "": 25} {
		if got := GroupOf([]byte(key), 64); got != want {
			t.Errorf("%q is in group %d, want %d", key, got, want)
		}
	}
	of := map[int]int{}
	for i := range 64_000 {
		of[GroupOf(fmt.Appendf(nil, "store-%d:product-%d", i%50, i), 64)]++
	}
	for g, n := range of {
		if n < 800 || n > 1200 {
			t.Errorf("group %d has %d of 64,000 keys", g, n)
		}
	}
	if len(of) != 64 {
		t.Errorf("%d groups are in use", len(of))
	}
}
