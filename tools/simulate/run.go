package simulate

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/beamlytics/streamlytics/internal/clock"
	"github.com/beamlytics/streamlytics/tools/replay"
	"github.com/beamlytics/streamlytics/tools/retail"
)

const (
	// tickEvery is how often the world advances, wall time.
	tickEvery = 50 * time.Millisecond
	// stride is the most by which it advances at once, wall time. So much is published together,
	// and may be published again after a crash.
	stride = time.Second
	// drainFor is how long publishing may continue after ctx has ended.
	drainFor = 8 * time.Second
)

// Run plays until ctx ends or the duration is over. It then publishes what has happened until then,
// writes the state and the truth, and compares Redis with the truth if the options ask for it. It
// prints its reports to out.
func Run(ctx context.Context, o Options, out io.Writer) error {
	if o.checkTruth != "" {
		stated, err := ReadTruth(o.checkTruth)
		if err != nil {
			return err
		}
		return o.check(ctx, stated.results(), out)
	}
	state, err := o.resume(time.Now())
	if err != nil {
		return err
	}
	p := &play{options: o, state: state, out: out, world: state.open(), clock: state.clock()}
	err = p.run(ctx)
	if saved := p.state.save(o.stateFile); err != nil || saved != nil {
		return errors.Join(err, saved)
	}
	p.report()
	truth := p.world.Truth()
	if o.truthFile != "" {
		if err := truthOf(truth, p.state.Published).write(o.truthFile); err != nil {
			return err
		}
	}
	if len(o.checkRedis) == 0 {
		return nil
	}
	return o.check(context.WithoutCancel(ctx), truth.Ledger.Stock(), out)
}

// play is one run.
type play struct {
	options Options
	state   state
	world   *retail.World
	clock   clock.Clock
	bus     *publisher
	out     io.Writer

	reported time.Time
	before   int64 // messages published when last reported
	saved    time.Time
}

// run plays and publishes.
func (p *play) run(ctx context.Context) (err error) {
	// Publishing continues for drainFor after ctx has ended.
	publishing, cancel := context.WithCancelCause(context.WithoutCancel(ctx))
	defer cancel(nil)
	if p.options.duration > 0 {
		var stop context.CancelFunc
		ctx, stop = context.WithTimeout(ctx, p.options.duration)
		defer stop()
	}
	defer context.AfterFunc(ctx, func() {
		time.AfterFunc(drainFor, func() { cancel(fmt.Errorf("stopped, and not finished %v later", drainFor)) })
	})()

	client, err := replay.Dial(publishing)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, client.Close()) }()
	p.bus = &publisher{client: client, topics: p.options.topics}
	p.reported = time.Now()
	tick := time.NewTicker(tickEvery)
	defer tick.Stop()
	for {
		if err := p.catchUp(ctx, publishing); err != nil {
			return err
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return nil
		}
	}
}

// catchUp publishes what has happened until now. It stops early if ctx ends.
func (p *play) catchUp(ctx, publishing context.Context) error {
	step := max(1, int64(float64(stride.Milliseconds())*p.state.ClockSpeed))
	for now := p.clock.NowMs(); p.state.Published.UnixMilli() < now && ctx.Err() == nil; {
		to := min(now, p.state.Published.UnixMilli()+step)
		if err := p.bus.publish(publishing, p.world.Advance(to)); err != nil {
			return err
		}
		p.state.Published = time.UnixMilli(to).UTC()
		if time.Since(p.saved) >= time.Second {
			if err := p.state.save(p.options.stateFile); err != nil {
				return err
			}
			p.saved = time.Now()
		}
		if time.Since(p.reported) >= p.options.reportEvery {
			p.report()
		}
	}
	return nil
}

// report prints a line.
func (p *play) report() {
	now := time.Now()
	rate := float64(p.bus.published-p.before) / max(now.Sub(p.reported).Seconds(), 0.001)
	published := p.clock.WallOf(p.state.Published.UnixMilli())
	behind := max(0, p.clock.WallOf(p.clock.NowMs()).Sub(published)).Round(time.Millisecond)
	fmt.Fprintf(p.out, "%d messages published, %.0f/s; the world is at %s, %v behind\n",
		p.bus.published, rate, p.state.Published.Format(time.RFC3339), behind)
	p.before, p.reported = p.bus.published, now
}
