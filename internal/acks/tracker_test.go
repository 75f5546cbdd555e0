package acks

import (
	"context"
	"errors"
	"testing"

	"github.com/beamlytics/streamlytics/event"
)

// count returns a done function and a pointer to the number of its calls.
func count() (done func(), calls *int) {
	calls = new(int)
	return func() { *calls++ }, calls
}

func TestOpenStampsMessages(t *testing.T) {
	tr := New(10)
	messages := make([]event.Message, 3)
	token := tr.Open(messages, func() {})
	if token == 0 {
		t.Fatal("token is 0, which means none")
	}
	for i, m := range messages {
		if m.Token != token || m.Index != int32(i) {
			t.Errorf("message %d has token %d and index %d, want %d and %d", i, m.Token, m.Index, token, i)
		}
	}
	if next := tr.Open(make([]event.Message, 1), func() {}); next == token {
		t.Errorf("two batches have token %d", next)
	}
}

func TestDoneWithTheLastHold(t *testing.T) {
	tr := New(10)
	done, calls := count()
	token := []int64{tr.Open(make([]event.Message, 2), done)}
	tr.Hold(token, 2)
	for i := range 3 {
		if *calls != 0 {
			t.Fatalf("done was called with %d of 3 holds left", 3-i)
		}
		if got := tr.Outstanding(); got != 2 {
			t.Fatalf("outstanding is %d with %d holds left, want 2", got, 3-i)
		}
		tr.Release(token)
	}
	if *calls != 1 || tr.Outstanding() != 0 || tr.Acked() != 2 {
		t.Errorf("done was called %d times, outstanding %d, acked %d; want 1, 0, 2", *calls, tr.Outstanding(),
			tr.Acked())
	}
	tr.Hold(token, 1)
	tr.Release(token)
	tr.Release([]int64{0, 99})
	if *calls != 1 || tr.Outstanding() != 0 || tr.Acked() != 2 {
		t.Errorf("a batch that was done is open again: done was called %d times, outstanding %d, acked %d", *calls,
			tr.Outstanding(), tr.Acked())
	}
}

func TestReleaseCountsRepeatedTokens(t *testing.T) {
	tr := New(10)
	done, calls := count()
	token := tr.Open(make([]event.Message, 1), done)
	tr.Hold([]int64{token}, 1)
	if tr.Release([]int64{token, token}); *calls != 1 {
		t.Errorf("done was called %d times, want 1", *calls)
	}
}

func TestFull(t *testing.T) {
	tr := New(3)
	one := []int64{tr.Open(make([]event.Message, 2), func() {})}
	if tr.Full() {
		t.Error("full at 2 of 3")
	}
	two := []int64{tr.Open(make([]event.Message, 2), func() {})}
	if !tr.Full() {
		t.Error("not full at 4 of 3")
	}
	if tr.Release(one); tr.Full() {
		t.Error("full at 2 of 3 after a release")
	}
	tr.Release(two)
}

func TestMessage(t *testing.T) {
	tr := New(10)
	token := tr.Open([]event.Message{{ID: "a"}, {ID: "b"}}, func() {})
	if m, ok := tr.Message(token, 1); !ok || m.ID != "b" {
		t.Errorf("message 1 is %q, %v", m.ID, ok)
	}
	if _, ok := tr.Message(token, 2); ok {
		t.Error("there is a message after the last")
	}
	if _, ok := tr.Message(token+1, 0); ok {
		t.Error("there is a message of a batch that was never opened")
	}
	tr.Release([]int64{token})
	if _, ok := tr.Message(token, 1); ok {
		t.Error("the messages of a batch that is done are kept")
	}
}

func TestWait(t *testing.T) {
	tr := New(10)
	if err := tr.Wait(t.Context()); err != nil {
		t.Errorf("Wait without open batch returned %v", err)
	}
	token := []int64{tr.Open(make([]event.Message, 1), func() {})}
	ctx, cancel := context.WithCancelCause(t.Context())
	why := errors.New("enough")
	cancel(why)
	if err := tr.Wait(ctx); err != why {
		t.Errorf("Wait with an open batch returned %v, want %v", err, why)
	}
	waited := make(chan error)
	go func() { waited <- tr.Wait(t.Context()) }()
	tr.Release(token)
	if err := <-waited; err != nil {
		t.Error(err)
	}
}

func TestBusy(t *testing.T) {
	tr := New(10)
	if tr.Busy() != 0 {
		t.Errorf("busy for %v before anything was opened", tr.Busy())
	}
	token := []int64{tr.Open(make([]event.Message, 1), func() {})}
	if tr.Busy() != 0 {
		t.Errorf("busy for %v before anything was done", tr.Busy())
	}
	if tr.Release(token); tr.Busy() < 0 {
		t.Errorf("busy for %v", tr.Busy())
	}
}

func TestNilTracker(t *testing.T) {
	var tr *Tracker
	messages := []event.Message{{Token: 0}}
	if token := tr.Open(messages, func() { t.Error("done was called") }); token != 0 || messages[0].Token != 0 {
		t.Errorf("token is %d, want 0", token)
	}
	tr.Hold([]int64{1}, 1)
	tr.Release([]int64{1})
	if _, ok := tr.Message(1, 0); ok {
		t.Error("a nil tracker has a message")
	}
	if tr.Outstanding() != 0 || tr.Acked() != 0 || tr.Busy() != 0 || tr.Full() {
		t.Error("a nil tracker is not idle")
	}
	if err := tr.Wait(t.Context()); err != nil {
		t.Error(err)
	}
}

// TestDoneUpTo checks that later batches are ignored, and that earlier ones count until their last
// hold is released.
func TestDoneUpTo(t *testing.T) {
	tracker := New(10)
	if tracker.Last() != 0 || !tracker.DoneUpTo(0) {
		t.Error("a batch is open before the first")
	}
	first := tracker.Open(make([]event.Message, 1), func() {})
	second := tracker.Open(make([]event.Message, 1), func() {})
	mark := tracker.Last()
	if mark != second {
		t.Errorf("the last token is %d, want %d", mark, second)
	}
	tracker.Open(make([]event.Message, 1), func() {})
	tracker.Release([]int64{second})
	if tracker.DoneUpTo(mark) {
		t.Error("the first batch is open")
	}
	tracker.Release([]int64{first})
	if !tracker.DoneUpTo(mark) {
		t.Error("both batches are done")
	}
}
