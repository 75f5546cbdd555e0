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

// ErrWrongStock says that Redis did not hold the truth in time. What was wrong has been printed.
var ErrWrongStock = errors.New("the stock in Redis is not what was published")

// Truth is what a correct pipeline shows when it has seen everything that was published.
type Truth struct {
	AsOf       time.Time              `json:"as_of"`    // the moment of the world up to which everything is published
	Messages   int64                  `json:"messages"` // repeated ones too, as far as the world repeated them
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
	tally := world.Tally()
	t := Truth{AsOf: asOf, Messages: tally.Messages, Events: map[string]int64{}, Duplicates: tally.Duplicates, Ignored: tally.Ignored, Refused: world.Refused()}
	for kind, n := range tally.Events {
		t.Events[kind.String()] = n
	}
	for key, r := range world.Stock().Stores {
		t.Stock = append(t.Stock, Stock{key.Store, key.Product, r.OnHand, r.Known, r.Barrier})
	}
	slices.SortFunc(t.Stock, func(a, b Stock) int { return cmp.Or(cmp.Compare(a.Store, b.Store), cmp.Compare(a.Product, b.Product)) })
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

// Expected is what Redis holds of the stock.
func (t Truth) Expected() truth.Expected {
	e := truth.Expected{Stores: map[truth.Key]truth.Result{}}
	for _, s := range t.Stock {
		e.Stores[truth.Key{Store: s.Store, Product: s.Product}] = truth.Result{OnHand: s.OnHand, Known: s.Known, Barrier: s.Barrier}
	}
	e.Global = truth.Global(e.Stores)
	return e
}

// check waits until Redis holds the truth, and prints what it holds at last.
func (o Options) check(ctx context.Context, want truth.Expected, out io.Writer) error {
	rdb := redis.NewUniversalClient(&redis.UniversalOptions{Addrs: o.checkRedis})
	defer rdb.Close()
	found, err := want.Await(ctx, rdb, o.checkTimeout, truth.AlsoMeta)
	if err != nil {
		return err
	}
	for _, sample := range slices.Concat(found.Stores.Samples, found.Global.Samples) {
		fmt.Fprintln(out, " ", sample)
	}
	fmt.Fprintf(out, "stock keys checked against the truth: %d, wrong: %d, missing: %d\n",
		found.Stores.Keys+found.Global.Keys, found.Stores.Wrong+found.Global.Wrong, found.Stores.Missing+found.Global.Missing)
	if !found.OK() {
		return ErrWrongStock
	}
	return nil
}
