package transforms

import (
	"fmt"
	"strings"
	"testing"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"

	"github.com/beamlytics/streamlytics/event"
	"github.com/beamlytics/streamlytics/internal/clock"
	"github.com/beamlytics/streamlytics/internal/metrics"
)

// decodeAll runs a decodeFn over one bundle of messages.
func decodeAll(t *testing.T, messages ...event.Message) (events []event.Event, letters []event.DeadLetter) {
	t.Helper()
	fn := &decodeFn{PipelineID: t.Name(), Clock: clock.Clock{}, Rules: event.Rules{OnlineStore: "web"}}
	fn.Setup()
	for _, m := range messages {
		fn.ProcessElement(t.Context(), 5, m, func(at beam.EventTime, e event.Event) {
			if at != 5 {
				t.Errorf("an event goes out at %d", at)
			}
			events = append(events, e)
		}, func(at beam.EventTime, l event.DeadLetter) { letters = append(letters, l) })
	}
	fn.FinishBundle(t.Context(), nil, nil)
	return events, letters
}

func TestDecode(t *testing.T) {
	env := newEnv(t, nil)
	events, letters := decodeAll(t,
		event.Message{Channel: event.POS, Format: event.FormatPOS, ID: "1", Data: []byte(`{"order_number":"T1","store_id":"12","timestamp":1750000000000,` +
			`"items":[{"product_id":"555","quantity":2},{"product_id":" a","quantity":1},{"product_id":"777","quantity":-1}]}`)},
		event.Message{Channel: event.ECOM, Format: event.FormatECOM, ID: "2", Data: []byte(`{"event":"purchase","timestamp":1750000000000,` +
			`"ecommerce":{"purchase":{"transaction_id":"9","items":[{"item_id":"555","quantity":1,"price":"cheap"}]}}}`)},
		event.Message{Channel: event.ECOM, Format: event.FormatECOM, ID: "3", Data: []byte(`{"event":"scroll","timestamp":1750000000000}`)},
		event.Message{Channel: event.WMS, Format: event.FormatWMS, ID: "4", Token: 7, Index: 3, Data: []byte(`nonsense`)},
	)
	var got []string
	for _, e := range events {
		got = append(got, fmt.Sprintf("%s %s:%s %d of message %s", e.Type, e.StoreID, e.ProductID, e.Quantity, e.Message.ID))
	}
	want := "SALE 12:555 2 of message 1, SALE 12:777 -1 of message 1, SALE web:555 1 of message 2"
	if strings.Join(got, ", ") != want {
		t.Errorf("events: %v, want %s", got, want)
	}
	if len(letters) != 2 || letters[0].Reason != event.BadID || letters[0].Item != 1 || letters[0].Message.ID != "1" ||
		letters[1].Reason != event.BadJSON || letters[1].Item != event.NoItem || string(letters[1].Message.Data) != "nonsense" {
		t.Errorf("dead letters: %+v", letters)
	}
	for _, l := range letters {
		if l.Stage != event.StageDecode || l.FailedAt == 0 {
			t.Errorf("a letter of stage %s failed at %d", l.Stage, l.FailedAt)
		}
	}
	for c, n := range map[metrics.Counter]int64{metrics.Events(event.POS, event.Sale): 2, metrics.Events(event.ECOM, event.Sale): 1, metrics.Ignored: 1,
		metrics.UnreadablePrices:     1,
		metrics.Refused(event.BadID): 1, metrics.Refused(event.BadJSON): 1} {
		if got := env.Metrics.Count(c); got != n {
			t.Errorf("counter %d is %d, want %d", c, got, n)
		}
	}
	if got := env.Metrics.IgnoredByName(); len(got) != 1 || got["scroll"] != 1 {
		t.Errorf("ignored by name are %v", got)
	}
}

// TestDecodeBoundsDeadLetters: a megabyte of tiny bad items must not become gigabytes of dead letters, and none goes uncounted.
func TestDecodeBoundsDeadLetters(t *testing.T) {
	env := newEnv(t, nil)
	items := strings.Repeat(`{},`, 300_000)
	data := `{"order_number":"T1","store_id":"12","timestamp":1750000000000,"items":[` + items[:len(items)-1] + `]}`
	_, letters := decodeAll(t, event.Message{Channel: event.POS, Format: event.FormatPOS, ID: "1", Data: []byte(data)})
	if n := len(letters) * len(data); n > maxLettersBytes {
		t.Errorf("%d bytes of dead letters", n)
	}
	last := letters[len(letters)-1]
	left := 300_000 - (len(letters) - 1)
	if last.Item != event.NoItem || !strings.HasPrefix(last.Detail, fmt.Sprintf("%d more items", left)) {
		t.Errorf("the last of %d letters speaks of item %d: %s", len(letters), last.Item, last.Detail)
	}
	if got := env.Metrics.RefusedTotal(); got != 300_000 {
		t.Errorf("%d items counted as refused", got)
	}
}

func TestCodersRoundTrip(t *testing.T) {
	m := event.Message{Channel: event.WMS, Format: event.FormatWMS, Data: []byte{0, 0xff}, Attributes: map[string]string{"a": "b"}, ID: "1",
		PublishedAt: 5, Token: 6, Index: 7}
	e := ev(event.Reset, "s", "p", "x", 4, 9)
	e.Message = &m
	l := event.DeadLetter{Refusal: event.Refusal{Reason: event.BadID, Detail: "d", Item: 2}, Stage: event.StageStock, Message: &m, FailedAt: 8}
	b, err := encodeEvent(e)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := decodeEvent(b); err != nil || fmt.Sprintf("%+v %+v", got.ID, *got.Message) != fmt.Sprintf("%+v %+v", e.ID, m) {
		t.Errorf("event: %+v, %v", got, err)
	}
	if b, err = encodeDeadLetter(l); err != nil {
		t.Fatal(err)
	}
	if got, err := decodeDeadLetter(b); err != nil || got.Refusal != l.Refusal || got.Stage != l.Stage || fmt.Sprint(*got.Message) != fmt.Sprint(m) {
		t.Errorf("dead letter: %+v, %v", got, err)
	}
	if _, err := decodeMessage([]byte("{")); err == nil || !strings.Contains(err.Error(), "event.Message") {
		t.Errorf("a broken message: %v", err)
	}
}
