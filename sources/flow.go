package sources

import (
	"cmp"
	"slices"

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
}

// Flows are the flows of the subscriptions that were read from so far, by name.
func (s *Subscriptions) Flows() []Flow {
	s.mu.Lock()
	defer s.mu.Unlock()
	flows := make([]Flow, 0, len(s.pullers))
	for _, p := range s.pullers {
		f := Flow{Subscription: p.sub.Name, Channel: p.sub.Channel, Pulled: p.pulled.Load()}
		f.Acked, f.Leased, f.OldestMs = p.leases.state()
		flows = append(flows, f)
	}
	slices.SortFunc(flows, func(a, b Flow) int { return cmp.Compare(a.Subscription, b.Subscription) })
	return flows
}
