package simulate

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/beamlytics/streamlytics/event"
	"github.com/beamlytics/streamlytics/internal/wholefile"
	"github.com/beamlytics/streamlytics/test/truth"
	"github.com/beamlytics/streamlytics/tools/retail"
)

// ErrWrongStock is the error of a check after which Redis still did not hold the correct stock. The
// differences have been printed.
var ErrWrongStock = errors.New("the stock in Redis is not what was published")

// Truth is the results of a correct pipeline after everything that was published.
type Truth struct {
	AsOf       time.Time              `json:"as_of"`    // the moment of the world up to which everything is published
	Messages   int64                  `json:"messages"` // including those that the world repeated
	Events     map[string]int64       `json:"events"`   // by type, repetitions not counted
	Duplicates int64                  `json:"duplicates"`
	Ignored    int64                  `json:"ignored"`
	Refused    map[event.Reason]int64 `json:"refused"`
	Stock      []Stock                `json:"stock"` // by store, then product
}

// Stock is one stock key.
type Stock struct {
	Store   string `json:"store_id"`
	Product string `json:"product_id"`
	OnHand  int64  `json:"on_hand"`
	Known   bool   `json:"known"`
	Barrier int64  `json:"barrier,omitempty"` // epoch ms
}

func truthOf(world *retail.Truth, asOf time.Time) Truth {
	n := world.Tally
	t := Truth{
		AsOf: asOf, Messages: n.Messages, Events: n.Events,
		Duplicates: n.Duplicates, Ignored: n.Ignored, Refused: n.Refused,
	}
	for key, r := range world.Ledger.Stock() {
		t.Stock = append(t.Stock, Stock{key.Store, key.Product, r.OnHand, r.Known, r.Barrier})
	}
	slices.SortFunc(t.Stock, func(a, b Stock) int {
		return cmp.Or(cmp.Compare(a.Store, b.Store), cmp.Compare(a.Product, b.Product))
	})
	return t
}

func (t Truth) write(path string) error {
	text, err := json.Marshal(t)
	if err != nil {
		return fmt.Errorf("write the truth: %w", err)
	}
	if err := wholefile.Replace(path, append(text, '\n')); err != nil {
		return fmt.Errorf("write the truth: %w", err)
	}
	return nil
}

// ReadTruth reads a truth file.
func ReadTruth(path string) (t Truth, err error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return t, fmt.Errorf("read the truth: %w", err)
	}
	if err := json.Unmarshal(text, &t); err != nil {
		return t, fmt.Errorf("read the truth in %s: %w", path, err)
	}
	return t, nil
}

// results returns the stock keys in the form of truth.CheckStock.
func (t Truth) results() map[truth.Key]truth.Result {
	stock := map[truth.Key]truth.Result{}
	for _, s := range t.Stock {
		key := truth.Key{Store: s.Store, Product: s.Product}
		stock[key] = truth.Result{OnHand: s.OnHand, Known: s.Known, Barrier: s.Barrier}
	}
	return stock
}

// check waits until Redis holds the stock, and prints the result.
func (o Options) check(ctx context.Context, want map[truth.Key]truth.Result, out io.Writer) error {
	rdb := redis.NewUniversalClient(&redis.UniversalOptions{Addrs: o.checkRedis})
	defer rdb.Close()
	report, err := truth.Await(ctx, o.checkTimeout, func(ctx context.Context) (truth.Report, error) {
		return truth.CheckStock(ctx, rdb, want, false)
	})
	if err != nil {
		return err
	}
	found := report.Total()
	for _, sample := range found.Samples {
		fmt.Fprintln(out, " ", sample)
	}
	fmt.Fprintf(out, "stock keys checked against the truth: %d, wrong: %d, missing: %d\n",
		found.Keys, found.Wrong, found.Missing)
	if found.Count() > 0 {
		return ErrWrongStock
	}
	return nil
}
