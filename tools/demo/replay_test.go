package demo

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/beamlytics/streamlytics/event"
	"github.com/beamlytics/streamlytics/serving/page"
)

func TestJudge(t *testing.T) {
	now := time.Date(2026, time.May, 4, 12, 0, 0, 0, time.UTC).UnixMilli()
	sale := func(id string, at int64) string {
		return fmt.Sprintf(`{"event_id":%q,"type":"SALE","store_id":"s","product_id":"p",`+
			`"quantity":1,"occurred_at":%d}`, id, at)
	}
	basket := fmt.Sprintf(`{"event_id":"b","order_number":"b","store_id":"s","timestamp":%d,"items":[`+
		`{"product_id":"p","quantity":1},{"product_id":"card ","quantity":1}]}`, now)
	repaired := strings.Replace(basket, "card ", "card", 1)
	anonymous := strings.NewReplacer(`"event_id":"b",`, "", `"order_number":"b"`, `"order_number":"known"`)
	const broken = `{"event_id":"own"`
	for _, c := range []struct {
		name, was, repaired string
		events, repeated    int
		reason              event.Reason // of the refusal
		failed              bool         // with another error
	}{
		{name: "own id", was: broken, repaired: sale("own", now), events: 1},
		{name: "another id", was: broken, repaired: sale("known", now), reason: event.IDReused},
		{name: "without an id", was: broken, repaired: anonymous.Replace(repaired), events: 2},
		{name: "replayed before", was: `{"event_id":"done"`, repaired: sale("done", now), failed: true},
		{name: "too late", was: broken, repaired: sale("own", now-7*24*time.Hour.Milliseconds()),
			reason: event.TooLate},
		{name: "in the future", was: broken, repaired: sale("own", now+time.Hour.Milliseconds()), reason: event.Future},
		{name: "as it was", was: broken, repaired: broken, reason: event.BadJSON},
		{name: "one good item and one repaired", was: basket, repaired: repaired, events: 1, repeated: 1},
		{name: "one good item and one left", was: basket, repaired: basket, reason: event.BadID},
		{name: "the good item changed", was: basket, repaired: strings.Replace(repaired, `:1}`, `:2}`, 1),
			reason: event.IDReused},
		{name: "only the good item", was: basket, repaired: strings.Replace(basket,
			`,{"product_id":"card ","quantity":1}`, "", 1), failed: true},
	} {
		r := repairs{horizon: 7 * 24 * time.Hour, done: map[string]bool{"done": true}}
		l := event.DeadLetter{Refusal: event.Refusal{Item: event.NoItem},
			Message: &event.Message{Channel: event.POS, Format: event.FormatPOS, Data: []byte(c.was), ID: "7"}}
		if c.was == basket {
			l.Item = 1
		}
		m := *l.Message
		m.Data, m.Attributes = []byte(c.repaired), map[string]string{"event_id": m.ID}
		events, repeated, err := r.judge(l, m, now)
		reason := event.Reason("")
		refused, ok := errors.AsType[*page.RefusedError](err)
		if ok {
			reason = refused.Reason
		}
		if reason != c.reason || (err != nil && !ok) != c.failed || len(events) != c.events ||
			int(repeated) != c.repeated {
			t.Errorf("%s: %+v, %d repeated, %v", c.name, events, repeated, err)
		}
	}
}
