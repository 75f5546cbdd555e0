package retry

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"
)

func TestWaitEndsEarly(t *testing.T) {
	cause, failure := errors.New("enough"), errors.New("too far")
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(cause)
	b := Backoff()
	b.Initial = b.Max
	err := NewTarget("write to the moon", "moon", nil).Wait(ctx, &b, slog.LevelDebug, failure)
	if !errors.Is(err, cause) || !errors.Is(err, failure) {
		t.Errorf("got %v, want the context's cause and the failure", err)
	}
	closed := make(chan struct{})
	close(closed)
	b = Backoff()
	b.Initial = b.Max
	err = NewTarget("write to the moon", "moon", closed).Wait(t.Context(), &b, slog.LevelDebug, failure)
	if !errors.Is(err, ErrClosed) || !errors.Is(err, failure) {
		t.Errorf("got %v, want %v and the failure", err, ErrClosed)
	}
}

// TestLogNeitherHidesNorFloods: an outage is logged at once, and again at intervals.
func TestLogNeitherHidesNorFloods(t *testing.T) {
	var out bytes.Buffer
	before := slog.Default()
	defer slog.SetDefault(before)
	slog.SetDefault(slog.New(slog.NewTextHandler(&out, nil)))

	l := NewTarget("write to the moon", "moon", nil)
	failed := func(text string) { l.log(t.Context(), slog.LevelWarn, errors.New(text)) }
	for range 100 {
		failed("too far")
	}
	if n := strings.Count(out.String(), "\n"); n != 1 {
		t.Errorf("100 failures at once are %d lines, want 1:\n%s", n, &out)
	}
	out.Reset()
	l.last = l.last.Add(-logEvery - time.Second)
	failed("too far")
	for _, want := range []string{"write to the moon", "target=moon", "failures=100", "too far"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q does not contain %q", &out, want)
		}
	}
	// Another error is logged sooner. One that differs by a port is the same, and nothing is logged
	// twice within a second.
	out.Reset()
	failed("no fuel in 1")
	l.last = l.last.Add(-logOtherAfter)
	failed("no fuel in 2")
	l.last = l.last.Add(-logOtherAfter)
	failed("no fuel in 3")
	if n := strings.Count(out.String(), "\n"); n != 1 || !strings.Contains(out.String(), "no fuel in 2") {
		t.Errorf("another error three times is logged as:\n%s", &out)
	}
}
