package pubsub

import (
	"cmp"
	"slices"
	"time"

	"github.com/beamlytics/streamlytics/event"
)

// Flow counts the messages of a subscription: those pulled so far, and those outstanding.
type Flow struct {
	Subscription string // projects/{project}/subscriptions/{id}
	Channel      event.Channel
	Pulled       int64 // messages, each as often as it was delivered
	Acked        int64 // messages acknowledged
	Leased       int64 // messages pulled and neither acknowledged nor given back
	OldestMs     int64 // when the oldest leased message was published, epoch ms; 0 if none is leased
	Errors       int64 // pulls, acknowledgements and extensions of leases that failed
	Reach        Reach
}

// Age returns the age of the oldest message that is not acknowledged, as far as this process can
// determine it: that of the oldest leased message, and at least the time since the subscription
// cannot be pulled from, since the age of its backlog is unknown then.
func (f Flow) Age(now time.Time) (age time.Duration) {
	if f.Leased > 0 {
		age = now.Sub(time.UnixMilli(f.OldestMs))
	}
	if !f.Reach.Up {
		age = max(age, now.Sub(f.Reach.Since))
	}
	return max(age, 0) // clocks differ
}

// Flows returns the flows of the subscriptions that were read so far, sorted by name.
func (s *Subscriptions) Flows() []Flow {
	s.mu.Lock()
	defer s.mu.Unlock()
	flows := make([]Flow, 0, len(s.pullers))
	now := time.Now()
	for _, p := range s.pullers {
		f := Flow{Subscription: p.sub.Name, Channel: p.sub.Channel, Pulled: p.pulled.Load(), Reach: p.reach.state(now),
			Errors: p.errors.Load() + p.leases.errors.Load()}
		f.Acked, f.Leased, f.OldestMs = p.leases.state()
		flows = append(flows, f)
	}
	slices.SortFunc(flows, func(a, b Flow) int { return cmp.Compare(a.Subscription, b.Subscription) })
	return flows
}
