package retail

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/beamlytics/streamlytics/event"
	"github.com/beamlytics/streamlytics/test/truth"
)

// decoded is a publication with the result of the project's decoder.
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
		m := event.Message{Channel: f.Channel, Format: f.Format, Data: p.Data, Attributes: p.Attributes,
			PublishedAt: p.At}
		d.Decode(&m, p.At, false, &out[i].Decoded)
	}
	return out
}

type identity struct{ store, product, id string }

// recount is all events that were sent, by identity, as the decoder reads them.
type recount struct {
	events     map[identity]event.UnifiedInventoryEvent
	all        []truth.Event
	tally      Tally
	identities map[identity]Topic
}

func newRecount() *recount {
	return &recount{
		events: map[identity]event.UnifiedInventoryEvent{}, identities: map[identity]Topic{},
		tally: Tally{Events: map[string]int64{}, Refused: map[event.Reason]int64{}},
	}
}

func (r *recount) add(t *testing.T, ds []decoded) {
	t.Helper()
	for _, d := range ds {
		r.tally.Messages++
		r.tally.Ignored += int64(d.Ignored)
		for _, refusal := range d.Refusals {
			r.tally.Refused[refusal.Reason]++
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
				r.tally.Events[e.Type.String()]++
				r.all = append(r.all, truth.Event{ID: e.ID, Type: e.Type.String(), Store: e.StoreID,
					Product: e.ProductID, Quantity: e.Quantity, OccurredAt: e.OccurredAt})
			case was.Type == e.Type && was.Quantity == e.Quantity && was.OccurredAt == e.OccurredAt:
				r.tally.Duplicates++
			default:
				r.tally.Refused[event.IDReused]++
			}
		}
	}
}

// TestTruthAgreesWithARecount compares the truth that the world keeps with the model over the
// decoded messages.
func TestTruthAgreesWithARecount(t *testing.T) {
	for _, cfg := range []Config{
		{Seed: 1, Shops: 6, Products: 60, EventsPerSecond: 0.25},
		{Seed: 2, Shops: 1, Products: 1, EventsPerSecond: 0.1, OnlineStore: "web"},
		{Seed: 3, Shops: 30, Products: 520, EventsPerSecond: 0.25},
	} {
		t.Run(fmt.Sprintf("seed %d", cfg.Seed), func(t *testing.T) {
			w, r := New(cfg, morning), newRecount()
			for _, hours := range []int64{1, 20, 30, 54} {
				now := morning + hours*time.Hour.Milliseconds()
				r.add(t, decodeFor(t, cfg, w.Advance(now)))
				compare(t, w.Truth(), r, now)
			}
		})
	}
}

// decodeFor is decode, with the store id of the world's web shop.
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

func compare(t *testing.T, got *Truth, r *recount, now int64) {
	t.Helper()
	if stock, want := got.Ledger.Stock(), truth.Stock(r.all); len(want) == 0 || !maps.Equal(stock, want) {
		t.Errorf("stock\n%v, recounted\n%v", stock, want)
	}
	sales := slices.DeleteFunc(slices.Clone(r.all), func(e truth.Event) bool { return e.Type != "SALE" })
	for key, want := range truth.Velocity(sales, now) {
		if c, _ := got.Ledger.Velocity(key, now); c != want {
			t.Errorf("velocity of %v is %v, recounted %v", key, c, want)
		}
	}
	if got, want := got.Tally, r.tally; !reflect.DeepEqual(got, want) {
		t.Errorf("tally\n%v, recounted\n%v", got, want)
	}
}
