package lifecycle

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/beamlytics/streamlytics/test/truth"
)

// TestReplacedWithOtherOptions drains the program and starts it again with other thresholds, as one replaces a job. The second life gets
// new events, among them late counts, and all of the first once more. The numbers must be those of all events, the badges by the
// thresholds of the second life, and each life must end with exit code 0.
func TestReplacedWithOtherOptions(t *testing.T) {
	t.Parallel()
	p := newPlan(*seed, 900)
	t.Logf("-kills.seed=%d, as of %s", p.seed, p.now.UTC().Format(time.RFC3339Nano))
	r := newRun(t)
	ctx, stop := context.WithCancel(context.Background())
	gone := make(chan error, 1)
	go func() { gone <- r.versions.Watch(ctx, 50*time.Millisecond) }()
	first := p.life(flow)
	if err := r.pubsub.Publish(first...); err != nil {
		t.Fatal(err)
	}
	r.finish(p.truth)

	before := p.truth.Stock()
	// Keys that the second life does not change keep the badge of the first.
	p.truth.LowStock = truth.LowStock{}
	const enter, exit = 40, 60
	r.flags = append(r.flags, fmt.Sprint("--low_stock_enter=", enter), fmt.Sprint("--low_stock_exit=", exit), "--dense_units=3",
		"--dense_minutes=2", "--weight_views=2", "--high_demand_enter=5", "--high_demand_dwell=1s", "--image_cache_mb=1", "--outstanding_events=500")
	messages := append(p.life(flow), first...)
	p.random.Shuffle(len(messages), func(i, j int) { messages[i], messages[j] = messages[j], messages[i] })
	if err := r.pubsub.Publish(messages...); err != nil {
		t.Fatal(err)
	}
	r.finish(p.truth)
	stop()
	if err := <-gone; err != nil {
		t.Error(err)
	}
	r.checkBadges(before, p.truth.Stock(), truth.LowStock{Enter: enter, Exit: exit})
}

// checkBadges looks at LOW_STOCK of the stores' stock that has changed.
func (r *run) checkBadges(before, after map[truth.Key]truth.Result, low truth.LowStock) {
	t := r.t
	t.Helper()
	checked := 0
	for key, is := range after {
		want, certain := low.Badge(is)
		if !certain || is == before[key] {
			continue
		}
		if want != "" {
			checked++
		}
		if got, err := r.rdb.HGet(context.Background(), key.MetaName(), "badge").Result(); err != nil || got != want {
			t.Errorf("badge of %v, with %+v on hand: %q %v, want %q", key, is, got, err, want)
		}
	}
	if checked == 0 {
		t.Error("no badge was to be on")
	}
}
