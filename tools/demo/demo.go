// Package demo runs all of Streamlytics in one process: Pub/Sub, Redis, the pipeline on Prism, and
// a simulated retailer that holds the truth. It shows the signals live, as a storefront reads them,
// and compares every stock key with the truth.
package demo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/beamlytics/streamlytics/pipeline"
	"github.com/beamlytics/streamlytics/tools/demo/liveview"
	"github.com/beamlytics/streamlytics/tools/retail"
)

// drainFor is how long the pipeline may take at the end to process what is published, wall time.
const drainFor = 10 * time.Second

// ErrWrong is the error of a demo in which a signal or a dead letter differed from the truth. The
// summary lists the differences.
var ErrWrong = errors.New("the pipeline was wrong")

// Demo is a demo that is set up. Run plays it.
type Demo struct {
	options Options
	started time.Time // wall
	out     io.Writer
	view    *liveview.View
	log     *heldLog
	shown   func(liveview.Frame) // called with each frame; may be nil

	temp  string // the temporary folder
	dir   string // the warehouse
	bus   *bus
	store *store
	line  *pipeline.Pipeline

	lowStock int64 // units at or below which a product gets LOW_STOCK

	feed  *feed
	front *storefront
	gauge gauge
	frame liveview.Frame // the last one
	first time.Duration  // when the first signal was seen; 0: none yet
}

// New starts everything but the pipeline. The demo shows itself on stdout. It must be ended by Run
// or by Abandon.
func New(ctx context.Context, o Options, stdout, stderr *os.File) (*Demo, error) {
	d := &Demo{options: o, started: time.Now(), out: stdout, view: liveview.New(stdout)}
	d.log = &heldLog{out: stderr, hold: d.view.OnTerminal()}
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
	d.lowStock = o.LowStockEnter
	if d.line, err = pipeline.New(ctx, o); err != nil {
		return fmt.Errorf("set up the pipeline: %w", err)
	}
	clock := d.line.Clock()
	world := retail.New(retail.Config{
		Seed: d.options.Seed, Shops: d.options.Shops, Products: d.options.Products,
		EventsPerSecond: d.options.EventsPerSecond / d.options.ClockSpeed, OnlineStore: o.OnlineStore,
	}, clock.OriginMs)
	d.feed = &feed{world: world, clock: clock, bus: d.bus}
	d.feed.checks = &checks{rdb: d.store.client, ledger: world.Truth().Ledger}
	d.front = newStorefront(d.store.client, world)
	return nil
}

// Log returns the writer for the log of the process. It keeps the log back while there is a picture
// on the terminal.
func (d *Demo) Log() io.Writer { return d.log }

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
	if err := errors.Join(d.show(after, ""), d.view.Close()); err != nil {
		return err
	}
	d.log.release()
	if _, err := io.WriteString(d.out, s.String()); err != nil {
		return fmt.Errorf("print the summary: %w", err)
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
	viewErr := d.watch(playing, "")
	stop()
	feed.Wait()

	last.Go(func() {
		defer settled()
		settleErr = d.settle(settling)
	})
	news := "finishing what is on its way, and comparing it; Ctrl-C again ends at once"
	viewErr = errors.Join(viewErr, d.watch(settling, news))
	last.Wait()
	d.log.mute() // Prism ends a stream by cancelling the job, and logs that as a failure
	end()
	line.Wait()
	return errors.Join(lineErr, feedErr, viewErr, settleErr)
}

// watch shows frames until ctx ends, at least one.
func (d *Demo) watch(ctx context.Context, news string) error {
	tick := time.NewTicker(frameEvery)
	defer tick.Stop()
	for {
		if err := d.show(ctx, news); err != nil {
			return err
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return nil
		}
	}
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
	d.feed.update(func(s *feedStatus) { s.verdict, s.problem = d.feed.checks.verdict, nil })
	return nil
}

// Abandon restores the terminal and removes the temporary folder. It waits for nothing. The process
// must end after it.
func (d *Demo) Abandon() error {
	err := d.view.Close()
	d.log.release()
	return errors.Join(err, d.removeTemp())
}

// close releases everything that is open, in whatever state the demo is.
func (d *Demo) close() error {
	err := d.view.Close()
	d.log.release()
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
