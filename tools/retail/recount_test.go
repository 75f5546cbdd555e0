//go:build !race

// The world of these tests has one goroutine, and much happens in it: the race detector would find nothing, in ten times the time.

package retail

import (
	"fmt"
	"testing"
	"time"

	"github.com/beamlytics/streamlytics/event"
)

// decoded is a publication with what the project's decoder makes of it.
type decoded struct {
	Publication
	event.Decoded
}

func decode(t *testing.T, ps []Publication) []decoded {
	t.Helper()
	formats := map[Topic]struct {
		event.Channel
		event.Format
	}{POS: {event.POS, event.FormatPOS}, ECOM: {event.ECOM, event.FormatECOM}, WMS: {event.WMS, event.FormatWMS}}
	out := make([]decoded, len(ps))
	var d event.Decoder
	for i, p := range ps {
		f, ok := formats[p.Topic]
		if !ok {
			t.Fatalf("publication %d is on topic %q", i, p.Topic)
		}
		out[i].Publication = p
		d.Decode(&event.Message{Channel: f.Channel, Format: f.Format, Data: p.Data, Attributes: p.Attributes, PublishedAt: p.At},
			p.At, false, &out[i].Decoded)
	}
	return out
}

type identity struct{ store, product, id string }

// recount is the specification once more and as naive as can be: all events that were ever sent, by identity.
type recount struct {
	events     map[identity]event.Event
	byKey      map[storeProduct][]event.Event
	tally      Tally
	refused    map[event.Reason]int64
	identities map[identity]Topic
}

func newRecount() *recount {
	return &recount{
		events: map[identity]event.Event{}, byKey: map[storeProduct][]event.Event{}, refused: map[event.Reason]int64{},
		identities: map[identity]Topic{},
		tally:      Tally{Events: map[event.Type]int64{}},
	}
}

func (r *recount) add(t *testing.T, ds []decoded) {
	t.Helper()
	for _, d := range ds {
		r.tally.Messages++
		r.tally.Ignored += int64(d.Ignored)
		for _, refusal := range d.Refusals {
			r.refused[refusal.Reason]++
		}
		for _, e := range d.Events {
			id := identity{e.StoreID, e.ProductID, e.ID}
			if was, ok := r.identities[id]; ok && was != d.Topic {
				t.Errorf("%v is on topics %s and %s", id, was, d.Topic)
			}
			r.identities[id] = d.Topic
			switch was, ok := r.events[id]; {
			case !ok:
				r.events[id] = e
				r.tally.Events[e.Type]++
				key := storeProduct{e.StoreID, e.ProductID}
				r.byKey[key] = append(r.byKey[key], e)
			case was.Type == e.Type && was.Quantity == e.Quantity && was.OccurredAt == e.OccurredAt:
				r.tally.Duplicates++
			default:
				r.refused[event.IDReused]++
			}
		}
	}
}

func (r *recount) onHand(key storeProduct) (onHand int64, known, ok bool) {
	reset := event.Event{OccurredAt: -1 << 62}
	for _, e := range r.byKey[key] {
		ok = ok || e.Type.MovesStock()
		if e.Type == event.Reset &&
			(e.OccurredAt > reset.OccurredAt || e.OccurredAt == reset.OccurredAt && e.ID > reset.ID) {
			reset, known = e, true
		}
	}
	onHand = reset.Quantity
	for _, e := range r.byKey[key] {
		if e.OccurredAt < reset.OccurredAt {
			continue
		}
		switch e.Type {
		case event.Sale:
			onHand -= e.Quantity
		case event.Receipt:
			onHand += e.Quantity
		}
	}
	return onHand, known, ok
}

func TestTruthAgreesWithANaiveRecount(t *testing.T) {
	for _, cfg := range []Config{
		{Seed: 1, Shops: 6, Products: 60, EventsPerSecond: 0.25},
		{Seed: 2, Shops: 1, Products: 1, EventsPerSecond: 0.1, OnlineStore: "web"},
		{Seed: 3, Shops: 30, Products: 520, EventsPerSecond: 0.25},
	} {
		t.Run(fmt.Sprintf("seed %d", cfg.Seed), func(t *testing.T) {
			w, r := New(cfg, morning), newRecount()
			for _, hours := range []int64{1, 20, 30, 54} {
				r.add(t, decodeFor(t, cfg, w.Advance(morning+hours*time.Hour.Milliseconds())))
				compare(t, w, r)
			}
		})
	}
}

// decodeFor is decode with web shop events of the world's own web shop.
func decodeFor(t *testing.T, cfg Config, ps []Publication) []decoded {
	t.Helper()
	ds := decode(t, ps)
	for _, d := range ds {
		for i := range d.Events {
			if e := &d.Events[i]; d.Topic == ECOM && e.StoreID == "online" {
				e.StoreID = cfg.withDefaults().OnlineStore
			}
		}
	}
	return ds
}

func compare(t *testing.T, w *World, r *recount) {
	t.Helper()
	truth, keys, wrong := w.Truth(), 0, 0
	global := map[string]int64{}
	anyKnown := map[string]bool{}
	truth.EachStock(func(store, product string, onHand int64, known bool) {
		keys++
		wantOnHand, wantKnown, ok := r.onHand(storeProduct{store, product})
		if !ok || onHand != wantOnHand || known != wantKnown {
			if wrong++; wrong < 5 {
				t.Errorf("%s:%s is %d (known %v), recounted %d (known %v, exists %v)",
					store, product, onHand, known, wantOnHand, wantKnown, ok)
			}
		}
		if known {
			global[product] += onHand
			anyKnown[product] = true
		}
	})
	want := 0
	for key := range r.byKey {
		if _, _, ok := r.onHand(key); ok {
			want++
		}
	}
	if keys != want {
		t.Errorf("%d stock keys, recounted %d", keys, want)
	}
	for _, p := range w.Products() {
		if got, known := truth.GlobalOnHand(p.ID); got != global[p.ID] || known != anyKnown[p.ID] {
			t.Errorf("global stock of %s is %d (known %v), recounted %d (known %v)", p.ID, got, known, global[p.ID], anyKnown[p.ID])
		}
	}
	if got, want := truth.Tally(), r.tally; fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("tally\n%v, recounted\n%v", got, want)
	}
	if got := truth.Refused(); fmt.Sprint(got) != fmt.Sprint(r.refused) {
		t.Errorf("refused\n%v, recounted\n%v", got, r.refused)
	}
}
