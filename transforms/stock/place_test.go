package stock

import (
	"testing"

	"pgregory.net/rapid"
)

func TestPlaces(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		ms := rapid.OneOf(rapid.Int64Range(0, 1<<44), rapid.Int64Range(0, 100_000_000_000_000)).Draw(t, "ms")
		p := placeOf(entry{at: ms<<codeBits | codeSale})
		if from, to := p.times(); p == 0 || ms < from || ms >= to {
			t.Fatalf("%d is at place %d, from %d to %d", ms, p, from, to)
		}
		if _, ok := p.late(0); ok {
			t.Fatalf("the place %d of time %d is marked as that of a late id", p, ms)
		}
		first, behind := rapid.IntRange(0, 1<<40).Draw(t, "first"), rapid.IntRange(0, 1<<30).Draw(t, "behind")
		p = placeOfLate(first + behind)
		if got, ok := p.late(first); !ok || got != behind || p == 0 {
			t.Fatalf("late id %d after %d is at place %x: %d, %t", behind, first, p, got, ok)
		}
	})
}
