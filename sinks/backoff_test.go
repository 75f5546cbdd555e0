package sinks

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"
)

func TestBackoffGrowsToItsMaximum(t *testing.T) {
	var b backoff
	for i := range 20 {
		middle := maxBackoff
		if i < 6 {
			middle = min(minBackoff<<i, maxBackoff)
		}
		if d := b.next(); d < middle/2 || d > middle*3/2 {
			t.Errorf("pause %d is %v, want %v give or take a half", i, d, middle)
		}
	}
}

func TestBackoffEndsEarly(t *testing.T) {
	cause := errors.New("enough")
	ctx, cancel := context.WithCancelCause(context.Background())
	cancel(cause)
	b := backoff{failures: 10}
	if err := b.wait(ctx, nil); !errors.Is(err, cause) {
		t.Errorf("got %v, want the context's cause", err)
	}
	closed := make(chan struct{})
	close(closed)
	if err := b.wait(context.Background(), closed); !errors.Is(err, ErrClosed) {
		t.Errorf("got %v, want %v", err, ErrClosed)
	}
}

func TestFailureLogNeitherHidesNorFloods(t *testing.T) {
	var out bytes.Buffer
	before := slog.Default()
	defer slog.SetDefault(before)
	slog.SetDefault(slog.New(slog.NewTextHandler(&out, nil)))

	l := failureLog{what: "write to the moon"}
	for range 100 {
		l.failed(context.Background(), "moon", errors.New("too far"))
	}
	if n := strings.Count(out.String(), "\n"); n != 1 {
		t.Errorf("100 failures at once are %d lines, want 1:\n%s", n, &out)
	}
	out.Reset()
	l.last = l.last.Add(-logEvery - time.Second)
	l.failed(context.Background(), "moon", errors.New("too far"))
	for _, want := range []string{"write to the moon", "target=moon", "failures=100", "too far"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q does not say %q", &out, want)
		}
	}
	// Another error is news, but a port is not, and nothing is twice in a second.
	out.Reset()
	l.failed(context.Background(), "moon", errors.New("no fuel in 1"))
	l.last = l.last.Add(-logNewsAfter)
	l.failed(context.Background(), "moon", errors.New("no fuel in 2"))
	l.last = l.last.Add(-logNewsAfter)
	l.failed(context.Background(), "moon", errors.New("no fuel in 3"))
	if n := strings.Count(out.String(), "\n"); n != 1 || !strings.Contains(out.String(), "no fuel in 2") {
		t.Errorf("another error three times is logged as:\n%s", &out)
	}
}
