package sources

import (
	"cmp"
	"slices"
	"time"

	"github.com/beamlytics/streamlytics/event"
)

// Flow is what has come from a subscription so far, and what of it is still on its way.
type Flow struct {
	Subscription string // projects/{project}/subscriptions/{id}
	Channel      event.Channel
	Pulled       int64 // messages, each as often as it was delivered
	Acked        int64 // messages acknowledged
	Leased       int64 // messages pulled and neither acknowledged nor given back
	OldestMs     int64 // when the oldest of the leased messages was published, epoch ms; 0 where none is leased
	Errors       int64 // pulls, acknowledgements and extensions of leases that failed
	Reach        Reach
}

// Age is how old the oldest message is that is not acknowledged, as far as this process can tell: of the leased ones, and, while the
// subscription cannot be pulled from, at least as old as that, since nobody knows what waits there.
func (f Flow) Age(now time.Time) (age time.Duration) {
	if f.Leased > 0 {
		age = now.Sub(time.UnixMilli(f.OldestMs))
	}
	if !f.Reach.Up {
		age = max(age, now.Sub(f.Reach.Since))
	}
	return max(age, 0) // clocks differ
}

// Flows are the flows of the subscriptions that were read from so far, by name.
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
