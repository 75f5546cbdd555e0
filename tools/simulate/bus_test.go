package simulate

import (
	"bytes"
	"context"
	"errors"
	"testing"
	"time"

	"github.com/beamlytics/streamlytics/test/rig"
	"github.com/beamlytics/streamlytics/tools/pubsub/localpubsub"
	"github.com/beamlytics/streamlytics/tools/retail"
)

// bus is a Pub/Sub server with a topic and a subscription for each channel.
type bus struct {
	t      *testing.T
	server *localpubsub.Server
}

func newBus(t *testing.T) *bus {
	t.Helper()
	server := rig.ServePubSub(t, localpubsub.Options{})
	t.Setenv("PUBSUB_EMULATOR_HOST", server.Addr())
	if err := server.Create("p", "pos:pos,ecom:ecom,wms:wms"); err != nil {
		t.Fatal(err)
	}
	return &bus{t, server}
}

// options returns those of a small world on a busy morning, whatever the hour of the test.
func (b *bus) options(args ...string) Options {
	b.t.Helper()
	return parse(b.t, append([]string{"--project=p", "--shops=2", "--products=10", "--clock_speed=600",
		"--events_per_second=300", "--clock_origin=2026-03-02T10:00:00Z"}, args...)...)
}

// run plays with small options, and returns the output.
func (b *bus) run(ctx context.Context, args ...string) (string, error) {
	b.t.Helper()
	o := b.options(args...)
	var out bytes.Buffer
	err := Run(ctx, o, &out)
	return out.String(), err
}

// runFor plays like run, and stops after so many more messages are published.
func (b *bus) runFor(more int64, args ...string) (out string, err error) {
	b.t.Helper()
	ctx, stop := context.WithCancel(b.t.Context())
	defer stop()
	enough := b.backlog() + more
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		out, err = b.run(ctx, args...)
	}()
	waited := rig.Until("it has published", time.Minute, func() bool {
		select {
		case <-ended:
			return true
		default:
			return b.backlog() >= enough
		}
	})
	stop()
	<-ended
	return out, errors.Join(err, waited)
}

// backlog returns the number of messages that are published and not pulled.
func (b *bus) backlog() (n int64) {
	b.t.Helper()
	for _, topic := range []string{"pos", "ecom", "wms"} {
		s, err := b.server.Stats(localpubsub.SubscriptionName("p", topic))
		if err != nil {
			b.t.Fatal(err)
		}
		n += s.Backlog
	}
	return n
}

func parse(t *testing.T, args ...string) Options {
	t.Helper()
	o, err := parseOptions(args)
	if err != nil {
		t.Fatal(err)
	}
	return o
}

// drain pulls all messages, and counts them by content.
func (b *bus) drain() map[string]int {
	b.t.Helper()
	got := map[string]int{}
	for _, topic := range []string{"pos", "ecom", "wms"} {
		subscription := localpubsub.SubscriptionName("p", topic)
		s, err := b.server.Stats(subscription)
		if err != nil {
			b.t.Fatal(err)
		}
		for _, m := range rig.Pull(b.t, b.server.Addr(), subscription, int(s.Backlog)) {
			got[content(topic, m.GetData(), m.GetAttributes())]++
		}
	}
	return got
}

func content(topic string, data []byte, attributes map[string]string) string {
	return topic + " " + attributes["event_id"] + " " + string(data)
}

// small returns the world of these tests.
func small(s state) *retail.World {
	cfg := retail.Config{Seed: 1, Shops: 2, Products: 10, EventsPerSecond: 0.5}
	return retail.New(cfg, s.ClockOrigin.UnixMilli())
}
