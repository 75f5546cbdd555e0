package acks

import (
	"slices"
	"testing"

	"github.com/beamlytics/streamlytics/event"
)

func TestHeldHoldsEachTokenOnce(t *testing.T) {
	tr := New(10)
	doneA, callsA := count()
	doneB, callsB := count()
	a := tr.Open(make([]event.Message, 1), doneA)
	b := tr.Open(make([]event.Message, 1), doneB)
	var h Held
	h.Reset(tr)
	for _, token := range []int64{a, a, 0, b, a, b, b} {
		h.Add(token)
	}
	if got := h.Tokens(); !slices.Equal(got, []int64{a, b}) {
		t.Fatalf("tokens are %v, want %v", got, []int64{a, b})
	}
	tr.Release([]int64{a, b}) // the source's own holds
	if *callsA != 0 || *callsB != 0 {
		t.Fatal("a batch is done although the set holds it")
	}
	h.Release()
	if *callsA != 1 || *callsB != 1 {
		t.Errorf("done was called %d and %d times, want once each", *callsA, *callsB)
	}
	if len(h.Tokens()) != 0 {
		t.Errorf("tokens after the release: %v", h.Tokens())
	}
}

func TestHeldResetForgetsWithoutReleasing(t *testing.T) {
	tr := New(10)
	done, calls := count()
	token := tr.Open(make([]event.Message, 1), done)
	var h Held
	h.Reset(tr)
	h.Add(token)
	h.Reset(tr)
	if len(h.Tokens()) != 0 {
		t.Errorf("tokens after a reset: %v", h.Tokens())
	}
	tr.Release([]int64{token})
	if *calls != 0 {
		t.Error("the reset released what the failed bundle held")
	}
	h.Add(token) // the same token is held anew, although it was the last one before the reset
	h.Release()
	if tr.Release([]int64{token}); *calls != 1 {
		t.Errorf("done was called %d times, want 1", *calls)
	}
}

func TestHeldWithoutTracker(t *testing.T) {
	var h Held
	h.Reset(nil)
	h.Add(1)
	if len(h.Tokens()) != 0 {
		t.Errorf("tokens are %v, want none", h.Tokens())
	}
	h.Release()
}
