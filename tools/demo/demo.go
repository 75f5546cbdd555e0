// Package demo runs all of Streamlytics in one process: Pub/Sub, Redis, the pipeline on Prism, and
// a simulated retailer that holds the truth. It compares every stock key with the truth, prints a
// line of status a second, and plays scenarios.
package demo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/beamlytics/streamlytics/pipeline"
	"github.com/beamlytics/streamlytics/tools/retail"
)

// drainFor is how long the pipeline may take at the end to process what is published, wall time.
const drainFor = 10 * time.Second

// scenariosAfter is how long after the first signal the scenarios of the options start, wall time.
const scenariosAfter = 5 * time.Second

// ErrWrong is the error of a demo in which a signal or a dead letter differed from the truth. The
// summary lists the differences.
var ErrWrong = errors.New("the pipeline was wrong")

// Demo is a demo that is set up. Run plays it.
type Demo struct {
	options Options
	started time.Time // wall
	console *console
	shown   func(status) // called with each status; may be nil

	temp  string // the temporary folder
	dir   string // the warehouse
	bus   *bus
	store *store
	line  *pipeline.Pipeline

	feed  *feed
	texts map[string]string // of the scenarios, as printed last
	first time.Duration     // when the first signal was written; 0: none yet
	last  status
}

// New starts everything but the pipeline. The demo prints on stdout. It must be ended by Run or by
// Abandon.
func New(ctx context.Context, o Options, stdout, stderr *os.File) (*Demo, error) {
	d := &Demo{options: o, started: time.Now(), console: newConsole(stdout, stderr), texts: map[string]string{}}
	if err := d.open(ctx); err != nil {
		return nil, errors.Join(err, d.close())
	}
	return d, nil
}

func (d *Demo) open(ctx context.Context) (err error) {
	if d.temp, err = os.MkdirTemp("", "streamlytics-demo-"); err != nil {
		return fmt.Errorf("make a temporary folder: %w", err)
	}
	if d.dir = d.options.WarehouseDir; d.dir == "" {
		d.dir = filepath.Join(d.temp, "warehouse")
	}
	if d.bus, err = openBus(); err != nil {
		return err
	}
	if d.store, err = openStore(ctx, d.options.RedisAddrs); err != nil {
		return err
	}
	o := d.pipelineOptions()
	if d.line, err = pipeline.New(ctx, o); err != nil {
		return fmt.Errorf("set up the pipeline: %w", err)
	}
	clock := d.line.Clock()
	world := retail.New(retail.Config{
		Seed: d.options.Seed, Shops: d.options.Shops, Products: d.options.Products,
		EventsPerSecond: d.options.EventsPerSecond / d.options.ClockSpeed, OnlineStore: o.OnlineStore,
	}, clock.OriginMs)
	d.feed = &feed{
		world: world, clock: clock, bus: d.bus, outage: outage{redis: d.store.embedded, lasts: outageFor},
		checks:   checks{rdb: d.store.client, ledger: world.Truth().Ledger},
		repairs:  repairs{horizon: o.LedgerHorizon, done: map[string]bool{}},
		requests: make(chan func()), ended: make(chan struct{}),
	}
	d.feed.repairs.decoder.OnlineStore = o.OnlineStore
	d.line.Demo = d.page()
	return nil
}

// Log returns the writer for the log of the process. It keeps the status on a terminal whole.
func (d *Demo) Log() io.Writer { return d.console }

// TempDir returns a folder that is removed when the demo is closed. Beam leaves a file in
// os.TempDir for every job, so a process that sets this as its temporary folder leaves no files
// behind.
func (d *Demo) TempDir() string { return d.temp }

func (d *Demo) pipelineOptions() pipeline.Options {
	o := pipeline.DefaultOptions()
	o.Emulator = d.bus.server.Addr()
	o.POSSubscription = subscriptionName(retail.POS)
	o.ECOMSubscription = subscriptionName(retail.ECOM)
	o.WMSSubscription = subscriptionName(retail.WMS)
	o.Redis.Addrs = d.store.config.String()
	o.Restore = "none" // the world begins anew too
	o.WarehouseDir = d.dir
	o.UIAddr = d.options.UIAddr
	o.ClockOrigin = d.options.ClockOrigin.Format(time.RFC3339Nano)
	o.ClockSpeed = d.options.ClockSpeed
	o.Velocity.HighDemandEnter = d.options.highDemandEnter()
	return o
}

// Run plays until ctx ends, the duration is over, or something fails. It then waits until all
// published messages are processed, compares all results with the truth, and prints a summary whose
// last line is the number of wrong stock keys. It closes the demo. The error is ErrWrong if a
// result was wrong. Run must be called once.
func (d *Demo) Run(ctx context.Context) (err error) {
	defer func() { err = errors.Join(err, d.close()) }()
	if d.options.Duration > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, d.options.Duration)
		defer cancel()
	}
	after := context.WithoutCancel(ctx)
	if err := d.play(ctx, after); err != nil {
		return err
	}
	s, err := d.conclude(after)
	if err != nil {
		return err
	}
	if err := d.console.end(s.String()); err != nil {
		return err
	}
	if s.wrong() {
		return ErrWrong
	}
	return nil
}

// play runs the pipeline and the world until ctx ends. It then runs the pipeline until all
// published messages are processed, at most until after ends.
func (d *Demo) play(ctx, after context.Context) error {
	playing, stop := context.WithCancel(ctx)
	defer stop()
	running, end := context.WithCancel(after)
	defer end()
	settling, settled := context.WithCancel(after)
	defer settled()

	var line, feed, last sync.WaitGroup
	var lineErr, feedErr, settleErr error
	line.Go(func() {
		defer stop() // without a pipeline the world has no purpose, and settle would wait in vain
		defer settled()
		lineErr = d.line.Run(running)
	})
	feed.Go(func() {
		defer stop()
		feedErr = d.feed.run(playing, d.feed.clock.OriginMs)
	})
	feed.Go(func() {
		if err := d.begin(playing); err != nil && playing.Err() == nil {
			slog.Warn("not every scenario was started", "error", err)
		}
	})
	showErr := d.watch(playing)
	stop()
	feed.Wait()

	last.Go(func() {
		defer settled()
		settleErr = d.settle(settling)
	})
	showErr = errors.Join(showErr,
		d.console.line("finishing what is on its way, and comparing it; Ctrl-C again ends at once"), d.watch(settling))
	last.Wait()
	d.console.mute() // Prism ends a stream by cancelling the job, and logs that as a failure
	end()
	line.Wait()
	if lineErr != nil {
		settleErr = nil // without a pipeline there was nothing to wait for
	}
	return errors.Join(lineErr, feedErr, showErr, settleErr)
}

// settle waits until the pipeline has processed all published messages, and compares the stock for
// the last time.
func (d *Demo) settle(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, drainFor)
	defer cancel()
	if err := d.bus.settle(ctx); err != nil {
		if errors.Is(ctx.Err(), context.DeadlineExceeded) {
			err = fmt.Errorf("the pipeline has not finished within %v: %w", drainFor, err)
		}
		return fmt.Errorf("the stock was not compared for the last time: %w", err)
	}
	if err := d.feed.checks.stock(ctx, true); err != nil {
		return err
	}
	d.feed.update(func(s *feedStatus) { s.truth = d.feed.checks.verdict })
	return nil
}

// Abandon restores the terminal and removes the temporary folder. It waits for nothing. The process
// must end after it.
func (d *Demo) Abandon() error {
	return errors.Join(d.console.end(""), d.removeTemp())
}

// close releases everything that is open, in whatever state the demo is.
func (d *Demo) close() (err error) {
	if d.line != nil {
		err = errors.Join(err, d.line.Close())
	}
	if d.store != nil {
		d.store.close()
	}
	if d.bus != nil {
		d.bus.close()
	}
	return errors.Join(err, d.removeTemp())
}

func (d *Demo) removeTemp() error {
	if d.temp == "" {
		return nil
	}
	if err := os.RemoveAll(d.temp); err != nil {
		return fmt.Errorf("remove the temporary folder: %w", err)
	}
	return nil
}
