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
	o.Redis.Addrs = rdb.Addr
	o.WarehouseDir = t.TempDir()
	o.SummaryFile = filepath.Join(t.TempDir(), "summary.json")
	return &harness{t: t, server: server, redis: rdb.Client(), options: o}
}

// publishAll publishes messages, each to its channel.
func (h *harness) publishAll(messages ...rig.Message) {
	h.t.Helper()
	for _, m := range messages {
		if _, err := h.server.Publish(localpubsub.TopicName("p", m.Channel), m.Data, m.Attributes); err != nil {
			h.t.Fatal(err)
		}
		h.published++
	}
}

// settled reports whether everything that was published is acknowledged.
func (h *harness) settled() bool {
	h.t.Helper()
	acked, open := int64(0), false
	for _, id := range rig.Channels {
		s, err := h.server.Stats(localpubsub.SubscriptionName("p", id))
		if err != nil {
			h.t.Fatal(err)
		}
		acked += s.Acked
		open = open || s.Backlog > 0 || s.Leased > 0
	}
	return acked == h.published && !open
}

// settle waits until everything that was published is acknowledged.
func (h *harness) settle(r *running) {
	h.t.Helper()
	until(h.t, "all is acknowledged", func() bool {
		select {
		case err := <-r.finished:
			h.t.Fatalf("the pipeline ended: %v", err)
		default:
		}
		return h.settled()
	})
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
