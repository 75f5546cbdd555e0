// Package retry repeats the writes of a sink until they succeed. It bounds how often an outage is
// logged.
package retry

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"time"
	"unicode"

	"github.com/googleapis/gax-go/v2"
)

// ErrClosed is the error of a write to a sink that is closed.
var ErrClosed = errors.New("the sink is closed")

// Backoff returns the pauses between the attempts of one write: at random, below a bound that
// doubles from 50 ms to 2 s, so that writers that failed together do not return together.
func Backoff() gax.Backoff {
	return gax.Backoff{Initial: 50 * time.Millisecond, Max: 2 * time.Second, Multiplier: 2}
}

const (
	// logEvery is how often a failure that continues is logged.
	logEvery = 5 * time.Second
	// logOtherAfter is how soon after a failure one with another error is logged.
	logOtherAfter = time.Second
)

// Target is what writes fail on and are repeated to. It is safe for concurrent use.
//
// Of failures that follow each other it logs the first at once, and a later one with their number
// every 5 s, or after 1 s if its error is another.
type Target struct {
	what   string
	name   string
	closed <-chan struct{}

	mu       sync.Mutex
	last     time.Time
	text     string // of the last error, without digits
	unlogged int
}

// NewTarget returns a target. The log names what is retried, such as "write to Redis", and the
// target. closed is closed when the sink is.
func NewTarget(what, name string, closed <-chan struct{}) *Target {
	return &Target{what: what, name: name, closed: closed}
}

// Wait logs err, the failure of an attempt, and returns nil when the next attempt is due. When ctx
// ends before, it returns an error that wraps err and the cause of ctx; when the sink is closed,
// one that wraps err and ErrClosed.
func (t *Target) Wait(ctx context.Context, b *gax.Backoff, level slog.Level, err error) error {
	t.log(ctx, level, err)
	timer := time.NewTimer(b.Pause())
	defer timer.Stop()
	var cause error
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		cause = context.Cause(ctx)
	case <-t.closed:
		cause = ErrClosed
	}
	return fmt.Errorf("%w (last failure: %w)", cause, err)
}

func (t *Target) log(ctx context.Context, level slog.Level, err error) {
	t.mu.Lock()
	t.unlogged++
	now, text := time.Now(), withoutDigits(err.Error())
	quiet := logEvery
	if text != t.text {
		quiet = logOtherAfter
	}
	if !t.last.IsZero() && now.Sub(t.last) < quiet {
		t.mu.Unlock()
		return
	}
	failures := t.unlogged
	t.last, t.text, t.unlogged = now, text, 0
	t.mu.Unlock()
	slog.Log(ctx, level, fmt.Sprintf("cannot %s, trying again", t.what),
		"target", t.name, "failures", failures, "error", err)
}

// withoutDigits makes the errors of two connections equal, whose ports differ.
func withoutDigits(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsDigit(r) {
			return -1
		}
		return r
	}, s)
}
