package local

import (
	"context"
	"errors"
	"fmt"
	"math"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/beamlytics/streamlytics/internal/clock"
	"github.com/beamlytics/streamlytics/internal/metrics"
	"github.com/beamlytics/streamlytics/pipeline"
	"github.com/beamlytics/streamlytics/test/redistest"
	"github.com/beamlytics/streamlytics/test/rig"
	"github.com/beamlytics/streamlytics/test/truth"
	"github.com/beamlytics/streamlytics/tools/pubsub/localpubsub"
	"github.com/beamlytics/streamlytics/tools/retail"
)

const (
	// daySpeed is how many seconds of the pipeline's clock pass in one of the wall: a day in a minute and a half.
	daySpeed = 960
	patience = 60 * time.Second
	project  = "shop"
)

var topics = [...]retail.Topic{retail.POS, retail.ECOM, retail.WMS}

// day is a day of a retailer's trade, as the pipeline archived it and as the retailer knows it.
type day struct {
	dir        string // the warehouse
	clock      clock.Clock
	from, to   time.Time // of the clock; all that was archived lies between them
	world      *retail.World
	velocity   map[string]string // the keys of Redis in the end; they expire by the wall clock, soon after a day as fast as this
	looks      []look
	summary    metrics.Summary
	outletSent int
	inFlight   time.Duration // of the clock: the longest that messages were on their way
}

// look is the true stock at a moment when nothing was on its way.
type look struct {
	at    time.Time
	stock map[key]int64 // where it is known
}

type key struct{ store, product string }

// play runs the pipeline on a day of trade over Pub/Sub. The world goes on with the clock in steps, and after each step everything
// is waited for, so that the truth of that moment can be told.
func play(t *testing.T) *day {
	t.Helper()
	server := rig.ServePubSub(t, localpubsub.Options{})
	rdb := redistest.Start(t)
	o := pipeline.DefaultOptions()
	o.Project, o.Emulator = project, server.Addr()
	for _, topic := range topics {
		if err := server.Create(project, string(topic)+":"+string(topic)); err != nil {
			t.Fatal(err)
		}
	}
	o.POSSubscription, o.ECOMSubscription, o.WMSSubscription = string(retail.POS), string(retail.ECOM), string(retail.WMS)
	o.Redis.Addrs = rdb.Addr
	o.WarehouseDir = t.TempDir()
	o.ClockOrigin, o.ClockSpeed = "2026-11-27T16:00:00Z", daySpeed // an evening, the night's counts, and a day
	line, err := pipeline.New(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	d := &day{dir: o.WarehouseDir, clock: line.Clock(), velocity: map[string]string{}}
	d.from = time.UnixMilli(d.clock.OriginMs).UTC()
	d.world = retail.New(retail.Config{Seed: 7, Shops: 10, Products: 60, EventsPerSecond: 0.4, OnlineStore: o.OnlineStore}, d.clock.OriginMs)
	ctx, stop := context.WithCancel(t.Context())
	var running sync.WaitGroup
	var runErr error
	running.Go(func() {
		defer stop()
		runErr = line.Run(ctx)
	})
	d.trade(ctx, t, server)
	stop()
	running.Wait()
	if runErr != nil {
		t.Fatalf("the pipeline: %v", runErr)
	}
	d.readVelocity(t, rdb.Client())
	d.summary = line.Summary()
	d.to = time.UnixMilli(d.clock.NowMs()).UTC().Truncate(time.Second).Add(time.Second)
	return d
}

func (d *day) readVelocity(t *testing.T, rdb *redis.Client) {
	t.Helper()
	keys, err := truth.ScanKeys(t.Context(), rdb, "velocity:*")
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range keys {
		switch value, err := rdb.Get(t.Context(), k).Result(); {
		case err == nil:
			d.velocity[k] = value
		case !errors.Is(err, redis.Nil): // it may have expired since
			t.Fatal(err)
		}
	}
}

func (d *day) trade(ctx context.Context, t *testing.T, server *localpubsub.Server) {
	t.Helper()
	var published [len(topics)]int64
	end := d.from.Add(24 * time.Hour).UnixMilli()
	for now := d.clock.OriginMs; now < end; {
		began := d.nextMs(now)
		now = min(began, end)
		for _, m := range d.world.Advance(now) {
			for i, topic := range topics {
				if topic == m.Topic {
					published[i]++
				}
			}
			if _, err := server.Publish(localpubsub.TopicName(project, string(m.Topic)), m.Data, m.Attributes); err != nil {
				t.Fatal(err)
			}
		}
		for _, data := range d.outletBooks(now) {
			published[0]++
			if _, err := server.Publish(localpubsub.TopicName(project, string(topics[0])), data, nil); err != nil {
				t.Fatal(err)
			}
		}
		waiting, cancel := context.WithTimeout(ctx, patience)
		for i, topic := range topics {
			if err := server.WaitAcked(waiting, localpubsub.SubscriptionName(project, string(topic)), published[i]); err != nil {
				t.Fatalf("the pipeline does not finish %d messages of %s: %v", published[i], topic, err)
			}
		}
		cancel()
		l := look{at: time.UnixMilli(d.clock.NowMs()).UTC(), stock: map[key]int64{}}
		for k, r := range d.world.Truth().Ledger.Stock() {
			if r.Known {
				l.stock[key{k.Store, k.Product}] = r.OnHand
			}
		}
		d.looks = append(d.looks, l)
		d.inFlight = max(d.inFlight, time.Duration(l.at.UnixMilli()-began)*time.Millisecond)
	}
}

// outlet is a store that the retailer does not know. It counts, and then sends what happened before the count, as no store of
// the retailer does within a day.
const (
	outlet        = "outlet"
	outletProduct = "o"
)

// outletBooks is what the outlet sends by ms and has not sent yet.
func (d *day) outletBooks(ms int64) (messages [][]byte) {
	for _, m := range []struct {
		sent, at time.Duration // since the day began
		kind     string
		quantity int
	}{
		{6 * time.Hour, 5 * time.Hour, "RESET", 20},
		{8 * time.Hour, 4 * time.Hour, "SALE", 3},
		{8 * time.Hour, 270 * time.Minute, "RECEIPT", 5},
		{9 * time.Hour, 7 * time.Hour, "SALE", 1},
	}[d.outletSent:] {
		if ms < d.from.Add(m.sent).UnixMilli() {
			break
		}
		d.outletSent++
		messages = append(messages, fmt.Appendf(nil, `{"event_id":"o%d","type":%q,"store_id":%q,"product_id":%q,"quantity":%d,"occurred_at":%d}`,
			d.outletSent, m.kind, outlet, outletProduct, m.quantity, d.from.Add(m.at).UnixMilli()))
	}
	return messages
}

// nextMs is the clock's time as soon as it is later than ms, and than the last look.
func (d *day) nextMs(ms int64) (now int64) {
	if len(d.looks) > 0 {
		ms = max(ms, d.looks[len(d.looks)-1].at.UnixMilli())
	}
	_ = rig.Until("the clock goes on", patience, func() bool { now = d.clock.NowMs(); return now > ms })
	return now
}

// parameters are those of all analyses, for a period.
func (d *day) parameters(from, to time.Time) map[string]any {
	return map[string]any{
		"from": from, "to": to, "lookback_days": int64(2), "lookahead_days": int64(1), "rate_hours": int64(3),
		"weight_views": int64(1), "weight_cart_adds": int64(5), "weight_units": int64(10),
		"in_flight_seconds": int64(math.Ceil(d.inFlight.Seconds() / daySpeed)),
	}
}

// run answers an analysis over a period.
func (d *day) run(t *testing.T, w *Warehouse, name string, from, to time.Time) table {
	t.Helper()
	return tableOf(d.result(t, w, name, from, to))
}

func (d *day) result(t *testing.T, w *Warehouse, name string, from, to time.Time) Result {
	t.Helper()
	a, err := Find(name)
	if err != nil {
		t.Fatal(err)
	}
	given, needed := d.parameters(from, to), map[string]any{}
	for _, p := range a.Parameters {
		needed[p] = given[p]
	}
	r, err := w.Run(t.Context(), a, needed)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// table is a result with its columns by name.
type table []row

type row map[string]any

func tableOf(r Result) (rows table) {
	for _, values := range r.Rows {
		named := row{}
		for i, c := range r.Columns {
			named[c] = values[i]
		}
		rows = append(rows, named)
	}
	return rows
}

func (r row) key() key {
	store, _ := r["store_id"].(string)
	return key{store, r["product_id"].(string)}
}

func (r row) String() string { return fmt.Sprint(map[string]any(r)) }
