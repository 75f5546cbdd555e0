package demo

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/beamlytics/streamlytics/internal/clock"
	"github.com/beamlytics/streamlytics/serving/page"
	"github.com/beamlytics/streamlytics/tools/retail"
)

const (
	// tickEvery is how often the world advances, wall time.
	tickEvery = 20 * time.Millisecond
	// catchUp is the most by which the world advances at once, such as after a check, wall time.
	catchUp = time.Second
	// maxOutstanding is the number of outstanding messages at which the world waits for the
	// pipeline.
	maxOutstanding = 20_000
	// checkEvery is the least time between two checks, wall time. At most a tenth of the time is
	// spent on checks.
	checkEvery = 2 * time.Second
	// settleWithin is how long a check may wait for the pipeline to process what was published,
	// wall time.
	settleWithin = 5 * time.Second
)

// feed advances the world with the clock and publishes its messages. At times it holds the world
// for a moment and compares Redis with the truth: no message is outstanding then, so a difference
// is a mistake and no race. Only the goroutine of run uses the world; do gives it other work.
type feed struct {
	world    *retail.World
	clock    clock.Clock
	bus      *bus
	checks   checks
	outage   outage
	repairs  repairs
	requests chan func()
	ended    chan struct{} // closed when run ends

	mu    sync.Mutex
	state feedStatus
}

// feedStatus is what others may read of the feed.
type feedStatus struct {
	lag    time.Duration // clock time that the world is behind
	maxLag time.Duration
	behind time.Duration // lag in wall time
	truth  page.Truth
	plays  map[string]page.Running // by scenario
}

func (f *feed) snapshot() feedStatus {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.state
}

func (f *feed) update(change func(*feedStatus)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	change(&f.state)
}

// errEnded is the error of a request to a demo that is ending.
var errEnded = errors.New("the demo is ending")

// do calls work on the goroutine of run, and returns its error.
func (f *feed) do(ctx context.Context, work func() error) error {
	done := make(chan error, 1)
	select {
	case f.requests <- func() { done <- work() }:
		return <-done
	case <-f.ended:
		return errEnded
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// start plays a scenario from now on.
func (f *feed) start(ctx context.Context, name string) (p retail.Play, err error) {
	err = f.do(ctx, func() error {
		if name == outageScenario.Name {
			p, err = f.outage.start()
		} else {
			p, err = f.world.Start(name)
		}
		f.publishPlays()
		return err
	})
	return p, err
}

// publishPlays lets others read what is played.
func (f *feed) publishPlays() {
	plays := map[string]page.Running{}
	for name, p := range f.world.Plays() {
		plays[name] = page.Running(p)
	}
	if p := f.outage.play; p.Text != "" {
		plays[outageScenario.Name] = page.Running(p)
	}
	f.update(func(s *feedStatus) { s.plays = plays })
}

// run advances the world until ctx ends, which is no error. reached is the time of the world at the
// start, epoch ms.
func (f *feed) run(ctx context.Context, reached int64) (err error) {
	defer close(f.ended)
	defer func() { err = errors.Join(err, f.outage.end()) }()
	tick := time.NewTicker(tickEvery)
	defer tick.Stop()
	nextCheck := time.Now().Add(checkEvery)
	for {
		if err := f.outage.endIfDue(); err != nil {
			return err
		}
		if reached, err = f.advance(reached); err != nil {
			return err
		}
		if time.Now().After(nextCheck) && !f.outage.play.Running {
			started := time.Now()
			if err := f.check(ctx); err != nil {
				return err
			}
			nextCheck = time.Now().Add(max(checkEvery, 9*time.Since(started)))
		}
		select {
		case <-tick.C:
		case request := <-f.requests:
			request()
		case <-ctx.Done():
			return nil
		}
	}
}

// advance publishes what happens until now, unless too many messages are outstanding, and returns
// the time that the world has reached.
func (f *feed) advance(reached int64) (int64, error) {
	counts, err := f.bus.counts()
	if err != nil {
		return reached, err
	}
	now := f.clock.NowMs()
	if counts.outstanding < maxOutstanding {
		reached = min(now, reached+int64(f.clock.Speed*float64(catchUp.Milliseconds())))
		for _, p := range f.world.Advance(reached) {
			if _, err := f.bus.publish(p.Topic, p.Data, p.Attributes); err != nil {
				return reached, err
			}
		}
	}
	f.publishPlays()
	lag := time.Duration(now-reached) * time.Millisecond
	f.update(func(s *feedStatus) {
		s.lag, s.maxLag, s.behind = lag, max(s.maxLag, lag), time.Duration(float64(lag)/f.clock.Speed)
	})
	return reached, nil
}

// check compares all stock keys with the truth once no message is outstanding. It records in the
// status, and does not return as an error, that this takes too long or that Redis does not answer.
func (f *feed) check(ctx context.Context) error {
	waiting, cancel := context.WithTimeout(ctx, settleWithin)
	defer cancel()
	err := f.bus.settle(waiting)
	switch {
	case err == nil:
		err = f.checks.stock(ctx, false)
	case ctx.Err() != nil:
		return nil
	case errors.Is(waiting.Err(), context.DeadlineExceeded):
		err = fmt.Errorf("the pipeline has not caught up within %v", settleWithin)
	default:
		return err // the server is gone
	}
	if ctx.Err() != nil {
		return nil
	}
	result := f.checks.verdict
	if err != nil {
		result.Problem = err.Error()
	}
	f.update(func(s *feedStatus) { s.truth = result })
	return nil
}
