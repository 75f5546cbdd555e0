package operations

import (
	"fmt"
	"testing"
	"time"

	"github.com/beamlytics/streamlytics/test/redistest"
	"github.com/beamlytics/streamlytics/test/rig"
)

// shop is Pub/Sub, a Redis behind a proxy, and the program between them.
type shop struct {
	t       *testing.T
	pubsub  *rig.PubSub
	redis   *rig.Proxy
	program *rig.Process
	url     string // of the program's metrics
}

// open starts all of it; flags are the program's, beside what it needs.
func open(t *testing.T, flags ...string) *shop {
	t.Helper()
	s := &shop{t: t, pubsub: rig.StartPubSub(t), redis: rig.StartProxy(t, redistest.Start(t).Addr)}
	s.program = rig.Start(t, rig.Launch{Env: s.pubsub.Env(), Flags: append(append(s.pubsub.Flags(),
		"--redis_addrs="+s.redis.Addr, "--metrics_addr=127.0.0.1:0"), flags...)})
	s.url = s.program.MetricsURL(t)
	return s
}

// trade publishes a little of everything that is counted: 40 sales of two products, some twice; views; a count that comes late, and
// sales from before it; what is ignored; and what is refused.
func (s *shop) trade() {
	s.t.Helper()
	now := time.Now().UnixMilli()
	var messages []rig.Message
	say := func(channel, format string, args ...any) {
		messages = append(messages, rig.Message{Channel: channel, Data: fmt.Appendf(nil, format, args...)})
	}
	for i := range 40 {
		for range 1 + i%2 { // each second one is repeated
			say("pos", `{"event_id":"s%d","order_number":"o%d","store_id":"12","product_id":"p%d","product_count":1,"timestamp":%d}`, i, i, i%2, now-int64(i)*1000)
		}
	}
	for i := range 7 {
		say("ecom", `{"event_id":"v%d","event":"view_item","timestamp":%d,"store_id":"12","ecommerce":{"items":[{"item_id":"p1","quantity":1}]}}`, i, now)
	}
	say("ecom", `{"event":"scroll","timestamp":%d}`, now)
	say("ecom", `{"event":"scroll","timestamp":%d}`, now)
	say("pos", `no JSON`)
	say("pos", `{"order_number":"x","store_id":"a ","product_id":"p","product_count":1,"timestamp":%d}`, now)
	say("wms", `{"event_id":"c0","store_id":"12","sku":"p1","count":2,"timestamp":%d,"type":"SURPRISE"}`, now)
	s.publish(messages)

	messages = nil
	say("wms", `{"event_id":"c1","type":"RESET","store_id":"12","sku":"p0","count":50,"counted_at":%d}`, now-10_000) // after sales that were later: recomputed
	s.publish(messages)

	messages = nil
	for i := range 5 {
		say("pos", `{"event_id":"old%d","order_number":"old%d","store_id":"12","product_id":"p0","product_count":1,"timestamp":%d}`, i, i, now-60_000)
	}
	say("pos", `{"event_id":"s1","order_number":"o1","store_id":"12","product_id":"p1","product_count":99,"timestamp":%d}`, now) // another content
	s.publish(messages)
}

// publish publishes messages and waits until they are acknowledged.
func (s *shop) publish(messages []rig.Message) {
	s.t.Helper()
	if err := s.pubsub.Publish(messages...); err != nil {
		s.t.Fatal(err)
	}
	s.await("everything is acknowledged", s.pubsub.Settled)
}

func (s *shop) await(what string, condition func() bool) {
	s.t.Helper()
	if err := s.program.Await(what, patience, condition); err != nil {
		s.t.Fatal(err)
	}
}

// outage takes Redis away while something is to be written, until check is content, and gives it back.
func (s *shop) outage(check func() bool) {
	s.t.Helper()
	s.redis.Cut()
	sale := fmt.Appendf(nil, `{"event_id":"o","order_number":"o","store_id":"12","product_id":"p9","product_count":1,"timestamp":%d}`, time.Now().UnixMilli())
	if err := s.pubsub.Publish(rig.Message{Channel: "pos", Data: sale}); err != nil {
		s.t.Fatal(err)
	}
	s.await("the outage is noticed", check)
	if err := s.redis.Mend(); err != nil {
		s.t.Fatal(err)
	}
	s.await("everything is acknowledged", s.pubsub.Settled)
}
