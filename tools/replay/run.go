package replay

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/beamlytics/streamlytics/test/truth"
)

// ErrWrongStock is returned by a replay after which Redis did not hold the truth in time.
var ErrWrongStock = errors.New("the stock in Redis is not what the events lead to")

// Run replays, waits for the correct stock if the options ask for it, and prints the result to out:
// a line about the check, if there was one, and the summary as JSON. If publishing fails there is
// no summary.
func Run(ctx context.Context, o Options, out io.Writer) error {
	paths, err := expand(o.input)
	if err != nil {
		return err
	}
	ledger := truth.NewLedger() // empty unless it is to be checked
	t := newTally()
	start := time.Now()
	err = o.publish(ctx, o.disturbance.apply(jsonlRecords(paths), func(r record) {
		t.event(r.event)
		if len(o.checkRedis) > 0 {
			ledger.Add(r.event)
		}
	}), t)
	if err != nil {
		return err
	}
	summary := t.done(time.Since(start))
	if len(o.checkRedis) > 0 {
		err = o.check(ctx, ledger, summary, out)
	}
	text, jsonErr := json.MarshalIndent(summary, "", "  ")
	if jsonErr != nil {
		return fmt.Errorf("writing the summary: %w", jsonErr)
	}
	if _, printErr := fmt.Fprintln(out, string(text)); printErr != nil {
		return errors.Join(err, fmt.Errorf("writing the summary: %w", printErr))
	}
	return err
}

func (o *Options) publish(ctx context.Context, records iter.Seq2[record, error], t *tally) (err error) {
	if o.dryRun {
		for r, err := range records {
			if err != nil {
				return err
			}
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
			t.published(o.topics[r.channel])
		}
		return nil
	}
	client, err := Dial(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, client.Close()) }()
	if o.create {
		for _, topic := range slices.Sorted(maps.Values(o.topics)) {
			if err := client.Create(ctx, topic); err != nil {
				return err
			}
		}
	}
	p := newPublisher(ctx, client, o.topics, o.rate)
	err = o.feed(p, records, t)
	if failed := p.close(); failed != nil {
		return failed // the cause of an error of add
	}
	return err
}

func (o *Options) feed(p *publisher, records iter.Seq2[record, error], t *tally) error {
	for r, err := range records {
		if err != nil {
			return err
		}
		topic := o.topics[r.channel]
		if topic == "" {
			return fmt.Errorf("the recording has a %s, and no --%s_topic is given",
				r.event.Type, strings.ToLower(r.channel.String()))
		}
		if err := p.add(r); err != nil {
			return fmt.Errorf("publishing: %w", err)
		}
		t.published(topic)
	}
	return nil
}

// check waits for the correct stock, prints the result and adds it to the summary.
func (o *Options) check(ctx context.Context, ledger *truth.Ledger, summary *Summary, out io.Writer) error {
	rdb := redis.NewUniversalClient(&redis.UniversalOptions{Addrs: o.checkRedis})
	defer rdb.Close()
	slog.Info("published, waiting for the stock", "messages", summary.Published)
	stock, start := ledger.Stock(), time.Now()
	found, err := truth.Await(ctx, o.checkTimeout, func(ctx context.Context) (truth.Report, error) {
		return truth.CheckStock(ctx, rdb, stock, o.checkExtra)
	})
	summary.Check = &Check{Stock: found.Stock, Global: found.Global, Seconds: time.Since(start).Seconds()}
	if err != nil {
		return err
	}
	report := func(what string, f truth.Faults) error {
		line := fmt.Sprintf("%s keys checked against the truth: %d, wrong: %d, missing: %d",
			what, f.Keys, f.Wrong, f.Missing)
		if o.checkExtra {
			line += fmt.Sprintf(", extra: %d", f.Extra)
		}
		_, err := fmt.Fprintln(out, line)
		return err
	}
	if err := errors.Join(report("stock", found.Stock), report("global stock", found.Global)); err != nil {
		return fmt.Errorf("writing the outcome: %w", err)
	}
	if !found.OK() {
		return ErrWrongStock
	}
	return nil
}
