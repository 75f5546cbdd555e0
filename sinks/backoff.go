package sinks

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"strings"
	"sync"
	"time"
	"unicode"
)

// Retries wait minBackoff, then twice as long each time up to maxBackoff, give or take a half at random so that workers
// that failed together do not come back together.
const (
	minBackoff = 50 * time.Millisecond
	maxBackoff = 2 * time.Second
)

// backoff counts the failed attempts of one write.
type backoff struct{ failures int }

// next is how long to wait before the next attempt.
func (b *backoff) next() time.Duration {
	d := maxBackoff
	if b.failures < 6 { // 50 ms << 6 is past the maximum
		d = min(minBackoff<<b.failures, maxBackoff)
	}
	b.failures++
	return d/2 + rand.N(d)
}

// wait sleeps before the next attempt, or returns an error at once when ctx ends or closed is closed.
func (b *backoff) wait(ctx context.Context, closed <-chan struct{}) error {
	timer := time.NewTimer(b.next())
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-closed:
		return ErrClosed
	}
}

const (
	// logEvery is how often a failure that goes on is logged.
	logEvery = 5 * time.Second
	// logNewsAfter is how soon after a failure another one, with another error, is logged.
	logNewsAfter = time.Second
)

// failureLog logs the first failure at once and those that follow at most every logEvery with their number, or sooner when the error
// is another, so that an outage neither hides nor floods the log. It is safe for concurrent use.
type failureLog struct {
	what string // what is retried, such as "write to Redis"

	mu       sync.Mutex
	last     time.Time
	text     string // of the last error, without digits
	unlogged int
}

func (l *failureLog) failed(ctx context.Context, target string, err error) {
	l.failedAt(ctx, slog.LevelWarn, target, err)
}

func (l *failureLog) failedAt(ctx context.Context, level slog.Level, target string, err error) {
	l.mu.Lock()
	l.unlogged++
	now, text := time.Now(), withoutDigits(err.Error())
	quiet := logEvery
	if text != l.text {
		quiet = logNewsAfter
	}
	if !l.last.IsZero() && now.Sub(l.last) < quiet {
		l.mu.Unlock()
		return
	}
	failures := l.unlogged
	l.last, l.text, l.unlogged = now, text, 0
	l.mu.Unlock()
	slog.Log(ctx, level, fmt.Sprintf("cannot %s, trying again", l.what), "target", target, "failures", failures, "error", err)
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
