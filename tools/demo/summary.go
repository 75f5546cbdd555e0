package demo

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/beamlytics/streamlytics/serving/page"
	"github.com/beamlytics/streamlytics/test/truth"
	"github.com/beamlytics/streamlytics/tools/retail"
)

// tooLate is how far the world may have been behind the clock, clock time, so that velocity still
// counts all of its sales: tills are offline for hours too, and velocity counts the last 24 hours.
const tooLate = 16 * time.Hour

// summary is the result of a demo.
type summary struct {
	elapsed, first time.Duration
	from, to       time.Time // by the clock
	truth          retail.Tally
	events         int64
	late           bool // sales were so late that velocity is not compared

	velocity, letters truth.Faults
	stock             page.Truth
	stockSamples      []string
	kept              string // the folder of the warehouse if the user named it
}

// conclude compares velocity and dead letters with the truth after the pipeline has ended.
func (d *Demo) conclude(ctx context.Context) (s summary, err error) {
	ctx, cancel := context.WithTimeout(ctx, drainFor)
	defer cancel()
	counts, err := d.bus.counts()
	if err != nil {
		return s, err
	}
	status, world := d.feed.snapshot(), d.feed.world.Truth()
	nowMs := d.feed.clock.NowMs()
	s = summary{
		elapsed: time.Since(d.started), first: d.first,
		from: d.options.ClockOrigin.UTC(), to: time.UnixMilli(nowMs).UTC(),
		truth: world.Tally, events: d.line.Flow().Events, late: status.maxLag > tooLate,
		stock: d.feed.checks.verdict, stockSamples: d.feed.checks.samples, kept: d.options.WarehouseDir,
	}
	if !s.late {
		if s.velocity, err = world.Ledger.CheckVelocity(ctx, d.store.client, nowMs); err != nil {
			return s, fmt.Errorf("check velocity: %w", err)
		}
	}
	s.letters, err = checkDeadLetters(d.dir, d.started, world.Tally.Refused, counts.redelivered > 0)
	return s, err
}

func (s summary) wrong() bool { return s.stock.Wrong > 0 || s.velocity.Count()+s.letters.Count() > 0 }

// String returns the summary as lines of text. The last one is about the stock.
func (s summary) String() string {
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	line("%v of the clock in %v, from %s to %s", s.to.Sub(s.from).Truncate(time.Minute),
		s.elapsed.Round(100*time.Millisecond),
		s.from.Format("Mon 2 Jan 15:04"), s.to.Format("Mon 2 Jan 15:04"))
	if s.first > 0 {
		line("first signal after %v", s.first.Round(10*time.Millisecond))
	}
	line("messages: %d, events: %d, repeated: %d, ignored: %d, refused: %d", s.truth.Messages, s.events,
		s.truth.Duplicates, s.truth.Ignored, s.letters.Keys)
	if s.kept != "" {
		line("events, signals and dead letters are in %s", s.kept)
	}
	for _, sample := range slices.Concat(s.stockSamples, s.letters.Samples, s.velocity.Samples) {
		line("  %s", sample)
	}
	line("dead letters checked against the truth: %d, wrong: %d", s.letters.Keys, s.letters.Count())
	if s.late {
		line("velocity was not checked: the shops were too far behind the clock")
	} else {
		line("velocity keys checked against the truth: %d, wrong: %d", s.velocity.Keys, s.velocity.Count())
	}
	line("stock keys checked against the truth: %d, wrong: %d", s.stock.Keys, s.stock.Wrong)
	return b.String()
}
