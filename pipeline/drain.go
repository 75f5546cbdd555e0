package pipeline

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/beamlytics/streamlytics/sources/pubsub"
)

// drainWithin bounds the time in which a pipeline that must stop finishes what it has pulled.
const drainWithin = 25 * time.Second

// drain stops the sources, and waits until all that they emitted is written and acknowledged.
func (p *Pipeline) drain() error {
	started := time.Now()
	ctx, cancel := context.WithTimeout(p.env.Context(), drainWithin) // after a failure there is nothing to wait for
	defer cancel()
	slog.Info("draining; a second signal ends the process at once", "outstanding", p.env.Tracker.Outstanding())
	p.env.Stop()
	subscriptions := pubsub.SubscriptionsOf(p.env)
	subscriptions.Stop(ctx)
	if err := errors.Join(p.env.Tracker.Wait(ctx), subscriptions.Wait(ctx)); err != nil {
		again := " and will be delivered again"
		if len(p.plan.subscriptions) == 0 {
			again = ", and the next run reads them again"
		}
		return fmt.Errorf("drain: %d messages were not finished within %v%s: %w",
			p.env.Tracker.Outstanding(), drainWithin, again, err)
	}
	if err := p.awaitVelocity(ctx); err != nil {
		return err
	}
	if err := p.env.Flush(ctx); err != nil {
		return fmt.Errorf("drain: signals were not written within %v: %w", drainWithin, err)
	}
	if err := p.verifyState(ctx); err != nil {
		return fmt.Errorf("drain: %w", err)
	}
	slog.Info("drained", "took", time.Since(started).Round(time.Millisecond).String(), "acked", p.env.Tracker.Acked())
	return nil
}

// awaitVelocity waits until no product group holds changes that are not in Redis.
func (p *Pipeline) awaitVelocity(ctx context.Context) error {
	pending := &p.env.Metrics.VelocityPending
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for pending.Load() > 0 {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return fmt.Errorf("drain: velocity of %d product groups was not written within %v: %w",
				pending.Load(), drainWithin, context.Cause(ctx))
		}
	}
	return nil
}

// flush waits, after the input has ended, until all that was emitted is written. When ctx ends, it
// gives up after drainWithin.
func (p *Pipeline) flush(ctx context.Context) error {
	stop, cancel := context.WithCancelCause(p.env.Context())
	defer cancel(nil)
	defer context.AfterFunc(ctx, func() {
		select {
		case <-time.After(drainWithin):
			cancel(errors.New("stopped"))
		case <-stop.Done():
		}
	})()
	if err := p.env.Flush(stop); err != nil {
		return fmt.Errorf("write what is left at the end of the input: %w", err)
	}
	return nil
}

// ErrInterrupted is the error of a run over bounded input that was stopped before all of the input
// was read and its results written.
var ErrInterrupted = errors.New("interrupted before the input was done")

// interrupted returns the error of a run that was stopped. Its argument is the error of the drain.
// A run over unbounded input has no other end, so there stopping is no error.
func (p *Pipeline) interrupted(drained error) error {
	begun := p.begun.Load()
	switch {
	case drained == nil && begun && p.filesRead():
		p.completion.finish()
		return nil
	case !p.plan.bounded():
		if begun && !p.filesRead() {
			slog.Warn("stopped before the files were read to their end", "files", p.howFar())
		}
		return drained
	case !begun:
		return fmt.Errorf("%w: nothing was read", ErrInterrupted)
	}
	tracker := p.env.Tracker
	how := fmt.Sprintf("%s, %d events, %d of %d lines done", p.howFar(), p.env.Metrics.Decoded(),
		tracker.Acked(), tracker.Acked()+tracker.Outstanding())
	if drained != nil {
		return fmt.Errorf("%w: %s; %w", ErrInterrupted, how, drained)
	}
	return fmt.Errorf("%w: %s; all of it is written, and the same command again goes through all files",
		ErrInterrupted, how)
}

// completion records whether the bounded input is done. It is safe for concurrent use.
type completion struct {
	mu   sync.Mutex
	done bool
	read bool  // all files are read to their end
	mark int64 // the last token when read became true
}

// finish records that the input is done.
func (c *completion) finish() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.done = true
}

// complete reports whether all files that are read once are read to their end and their results are
// written. Beside unbounded input it can become true while the pipeline runs. Without files it
// becomes true after a drain that left nothing outstanding.
func (p *Pipeline) complete() bool {
	c := &p.completion
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.done || p.plan.bounded() || len(p.plan.files) == 0 || !p.filesRead() {
		return c.done
	}
	if !c.read {
		c.read, c.mark = true, p.env.Tracker.Last()
	}
	c.done = p.env.Tracker.DoneUpTo(c.mark)
	return c.done
}

// filesRead reports whether all files that are read once are read to their end.
func (p *Pipeline) filesRead() bool { return p.env.FilesRead() >= int64(len(p.plan.files)) }
