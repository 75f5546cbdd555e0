package pipeline

import (
	"context"
	"errors"
	"path/filepath"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/beamlytics/streamlytics/internal/metrics"
	"github.com/beamlytics/streamlytics/sinks/deadletters"
	"github.com/beamlytics/streamlytics/test/redistest"
	"github.com/beamlytics/streamlytics/test/rig"
	"github.com/beamlytics/streamlytics/tools/pubsub/localpubsub"
)

// patience bounds the time that a test waits for a condition.
const patience = 60 * time.Second

// harness is a Pub/Sub server and a Redis for a pipeline.
type harness struct {
	t         *testing.T
	server    *localpubsub.Server
	redis     *redis.Client
	options   Options
	published int64
	lastSale  int64
}

func newHarness(t *testing.T) *harness {
	t.Helper()
	server := rig.ServePubSub(t, localpubsub.Options{})
	if err := server.Create("p", "pos:pos,ecom:ecom,wms:wms"); err != nil {
		t.Fatal(err)
	}
	rdb := redistest.Start(t)
	o := DefaultOptions()
	o.Project, o.Emulator = "p", server.Addr()
	o.POSSubscription, o.ECOMSubscription, o.WMSSubscription = "pos", "ecom", "wms"
	o.RedisAddrs = rdb.Addr
	o.WarehouseDir = t.TempDir()
	o.SummaryFile = filepath.Join(t.TempDir(), "summary.json")
	return &harness{t: t, server: server, redis: rdb.Client(), options: o}
}

func (h *harness) publish(topic string, data []byte, attributes map[string]string) {
	h.t.Helper()
	if _, err := h.server.Publish(localpubsub.TopicName("p", topic), data, attributes); err != nil {
		h.t.Fatal(err)
	}
	h.published++
}

// settled is the number of messages acknowledged, and whether any is still with the server or
// leased.
func (h *harness) settled() (acked int64, open bool) {
	h.t.Helper()
	for _, id := range []string{"pos", "ecom", "wms"} {
		s, err := h.server.Stats(localpubsub.SubscriptionName("p", id))
		if err != nil {
			h.t.Fatal(err)
		}
		acked += s.Acked
		open = open || s.Backlog > 0 || s.Leased > 0
	}
	return acked, open
}

// running is a pipeline that runs in the background.
type running struct {
	*Pipeline
	t        *testing.T
	cancel   context.CancelFunc
	finished chan error
}

func (h *harness) start() *running {
	h.t.Helper()
	p, err := New(context.Background(), h.options)
	if err != nil {
		h.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	r := &running{Pipeline: p, t: h.t, cancel: cancel, finished: make(chan error, 1)}
	go func() { r.finished <- p.Run(ctx) }()
	h.t.Cleanup(cancel)
	return r
}

// stop drains the pipeline and returns its counts.
func (r *running) stop() metrics.Summary {
	r.t.Helper()
	r.cancel()
	if err := r.wait(); err != nil {
		r.t.Fatalf("run: %v", err)
	}
	return r.Summary()
}

func (r *running) wait() error {
	r.t.Helper()
	select {
	case err := <-r.finished:
		return err
	case <-time.After(patience):
		r.t.Fatal("the pipeline does not end")
		return nil
	}
}

// until waits for a condition.
func until(t *testing.T, what string, condition func() bool) {
	t.Helper()
	if err := rig.Until(what, patience, condition); err != nil {
		t.Fatal(err)
	}
}

// process publishes nothing more, waits until everything is acknowledged, and drains.
func (h *harness) process() metrics.Summary {
	h.t.Helper()
	r := h.start()
	until(h.t, "all is acknowledged", func() bool {
		select {
		case err := <-r.finished:
			h.t.Fatalf("the pipeline ended: %v", err)
		default:
		}
		acked, open := h.settled()
		return acked == h.published && !open
	})
	return r.stop()
}

func (h *harness) deadLetters() (letters []deadletters.Record) {
	h.t.Helper()
	for l, err := range deadletters.Read(h.options.WarehouseDir) {
		if err != nil {
			h.t.Fatal(err)
		}
		letters = append(letters, l)
	}
	return letters
}

// get is the value of a key, and whether there is one.
func (h *harness) get(key string) (string, bool) {
	h.t.Helper()
	v, err := h.redis.Get(context.Background(), key).Result()
	if errors.Is(err, redis.Nil) {
		return "", false
	}
	if err != nil {
		h.t.Fatal(err)
	}
	return v, true
}

// runToEnd runs a pipeline over files.
func runToEnd(t *testing.T, o Options) {
	t.Helper()
	p, err := New(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if err := errors.Join(p.Run(ctx), ctx.Err()); err != nil {
		t.Fatalf("the pipeline does not end by itself: %v", err)
	}
}
