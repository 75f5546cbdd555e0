package transforms

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"

	"github.com/beamlytics/streamlytics/event"
	"github.com/beamlytics/streamlytics/internal/batch"
	"github.com/beamlytics/streamlytics/internal/clock"
	"github.com/beamlytics/streamlytics/internal/metrics"
)

// decodeAll runs a DecodeFn over one bundle, which is one batch of messages.
func decodeAll(t *testing.T, messages ...event.Message) (events []event.UnifiedInventoryEvent,
	letters []event.DeadLetter) {
	t.Helper()
	fn := &DecodeFn{PipelineID: t.Name(), Clock: clock.Clock{}, Rules: event.Rules{OnlineStore: "web"}}
	fn.Setup()
	m := batch.Messages{Messages: messages, Token: 3}
	fn.ProcessElement(t.Context(), 5, m, func(at beam.EventTime, b batch.Events) {
		if at != 5 || b.Token != 3 || len(b.Events) == 0 {
			t.Errorf("%d events are emitted at %d under token %d", len(b.Events), at, b.Token)
		}
		events = append(events, b.Events...)
	}, func(at beam.EventTime, b batch.DeadLetters) {
		if at != 5 || len(b.Letters) == 0 {
			t.Errorf("%d letters are emitted at %d", len(b.Letters), at)
		}
		letters = append(letters, b.Letters...)
	})
	fn.FinishBundle(t.Context(), nil, nil)
	return events, letters
}

func TestDecode(t *testing.T) {
	env := newEnv(t, nil)
	events, letters := decodeAll(t,
		event.Message{Channel: event.POS, Format: event.FormatPOS, ID: "1",
			Data: []byte(`{"order_number":"T1","store_id":"12","timestamp":1750000000000,` +
				`"items":[{"product_id":"555","quantity":2},{"product_id":" a","quantity":1},{"product_id":"777",` +
				`"quantity":-1}]}`)},
		event.Message{Channel: event.ECOM, Format: event.FormatECOM, ID: "2",
			Data: []byte(`{"event":"purchase","timestamp":1750000000000,` +
				`"ecommerce":{"purchase":{"transaction_id":"9","items":[{"item_id":"555","quantity":1,` +
				`"price":"cheap"}]}}}`)},
		event.Message{Channel: event.ECOM, Format: event.FormatECOM, ID: "3",
			Data: []byte(`{"event":"scroll","timestamp":1750000000000}`)},
		event.Message{Channel: event.WMS, Format: event.FormatWMS, ID: "4", Token: 7,
			Index: 3, Data: []byte(`nonsense`)},
	)
	var got []string
	for _, e := range events {
		got = append(got, fmt.Sprintf("%s %s:%s %d of message %s", e.Type, e.StoreID,
			e.ProductID, e.Quantity, e.Message.ID))
	}
	want := "SALE 12:555 2 of message 1, SALE 12:777 -1 of message 1, SALE web:555 1 of message 2"
	if strings.Join(got, ", ") != want {
		t.Errorf("events: %v, want %s", got, want)
	}
	if len(letters) != 2 || letters[0].Reason != event.BadID || letters[0].Item != 1 || letters[0].Message.ID != "1" ||
		letters[1].Reason != event.BadJSON || letters[1].Item != event.NoItem ||
		string(letters[1].Message.Data) != "nonsense" {
		t.Errorf("dead letters: %+v", letters)
	}
	for _, l := range letters {
		if l.Stage != event.StageDecode || l.FailedAt == 0 {
			t.Errorf("a letter of stage %s failed at %d", l.Stage, l.FailedAt)
		}
	}
	for c, n := range map[metrics.Counter]int64{metrics.Events(event.POS, event.Sale): 2,
		metrics.Events(event.ECOM, event.Sale): 1, metrics.Ignored: 1,
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

// TestDecodeBoundsDeadLetters: a megabyte of tiny bad items must not become gigabytes of dead
// letters, and none goes uncounted.
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

// TestDecodeEmitsOnce: a batch of messages becomes one batch of events, and more only where it has
// many more items than messages. Memory that is used again keeps nothing of what was emitted
// before.
func TestDecodeEmitsOnce(t *testing.T) {
	newEnv(t, nil)
	fn := &DecodeFn{PipelineID: t.Name(), Clock: clock.Clock{}}
	fn.Setup()
	basket := func(items int) event.Message {
		item := strings.Repeat(`,{"product_id":"555","quantity":2}`, items)[1:]
		return event.Message{Channel: event.POS, Format: event.FormatPOS,
			Data: []byte(`{"order_number":"T1","store_id":"12","timestamp":1750000000000,"items":[` + item + `]}`)}
	}
	var sizes []int
	emit := func(_ beam.EventTime, b batch.Events) { sizes = append(sizes, len(b.Events)) }
	for _, c := range []struct {
		messages []event.Message
		want     []int
	}{
		{[]event.Message{basket(2), basket(3)}, []int{5}},
		{[]event.Message{basket(maxDecoded), basket(2), basket(1)}, []int{maxDecoded + 2, 1}},
		{[]event.Message{basket(1)}, []int{1}},
		{nil, nil},
	} {
		sizes = nil
		if fn.ProcessElement(t.Context(), 5, batch.Messages{Messages: c.messages}, emit,
			nil); !slices.Equal(sizes, c.want) {
			t.Errorf("batches of %d events, want %d", sizes, c.want)
		}
		if slices.ContainsFunc(fn.events[:cap(fn.events)], func(e event.UnifiedInventoryEvent) bool {
			return e.Message != nil
		}) {
			t.Error("a message is kept")
		}
	}
}
