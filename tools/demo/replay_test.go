package demo

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/beamlytics/streamlytics/event"
	"github.com/beamlytics/streamlytics/serving/page"
	"github.com/beamlytics/streamlytics/tools/retail"
)

func TestJudge(t *testing.T) {
	now := time.Date(2026, time.May, 4, 12, 0, 0, 0, time.UTC).UnixMilli()
	sale := func(id string, quantity int, at int64) string {
		return fmt.Sprintf(`{"event_id":%q,"type":"SALE","store_id":"s","product_id":"p",`+
			`"quantity":%d,"occurred_at":%d}`, id, quantity, at)
	}
	basket := fmt.Sprintf(`{"event_id":"b","order_number":"b","store_id":"s","timestamp":%d,"items":[`+
		`{"product_id":"p","quantity":1},{"product_id":"card ","quantity":1}]}`, now)
	r := newReplays(event.Rules{}, 7*24*time.Hour)
	for _, text := range []string{sale("known", 1, now), sale("known", 5, now), basket} {
		r.add(retail.Publication{Topic: retail.POS, Data: []byte(text)}, now)
	}
	for _, c := range []struct {
		name, was, repaired string
		events, repeated    int
		reason              event.Reason // of the refusal
	}{
		{"new", `{`, sale("new", 1, now), 1, 0, ""},
		{"known", `{`, sale("known", 1, now), 0, 1, ""},
		{"known id", `{`, sale("known", 2, now), 0, 0, event.IDReused},
		{"known by a message that was refused", `{`, sale("known", 5, now), 0, 0, event.IDReused},
		{"too late", `{`, sale("old", 1, now-7*24*time.Hour.Milliseconds()), 0, 0, event.TooLate},
		{"in the future", `{`, sale("soon", 1, now+time.Hour.Milliseconds()), 0, 0, event.Future},
		{"as it was", `{`, `{`, 0, 0, event.BadJSON},
		{"one good item and one repaired", basket, strings.Replace(basket, "card ", "card", 1), 1, 1, ""},
		{"one good item and one left", basket, basket, 0, 0, event.BadID},
	} {
		l := event.DeadLetter{Refusal: event.Refusal{Item: event.NoItem},
			Message: &event.Message{Channel: event.POS, Data: []byte(c.was), ID: c.name}}
		p, err := r.judge(l, []byte(c.repaired), now)
		reason := event.Reason("")
		if refused, ok := err.(*page.RefusedError); ok {
			reason = refused.Reason
		}
		if (err != nil) != (c.reason != "") || reason != c.reason ||
			len(p.events) != c.events || int(p.repeated) != c.repeated {
			t.Errorf("%s: %+v, %v", c.name, p, err)
		}
	}
}

func TestEventSet(t *testing.T) {
	s := newEventSet()
	e := func(i int) *event.UnifiedInventoryEvent {
		return &event.UnifiedInventoryEvent{ID: fmt.Sprint(i), StoreID: "s", ProductID: "p", Quantity: int64(i)}
	}
	const n = 200_000
	for i := range n {
		s.add(e(i))
	}
	mistaken := 0
	for i := range n {
		if seen, same := s.has(e(i)); !seen || !same {
			mistaken++
		}
		if seen, _ := s.has(e(n + i)); seen {
			mistaken++
		}
	}
	if mistaken > 0 {
		t.Errorf("%d mistaken of %d", mistaken, 2*n)
	}
}
