package batch

import (
	"reflect"
	"strings"
	"testing"

	"github.com/beamlytics/streamlytics/event"
)

func TestCodersRoundTrip(t *testing.T) {
	m := event.Message{Channel: event.WMS, Format: event.FormatWMS, Data: []byte{0, 0xff},
		Attributes: map[string]string{"a": "b"}, ID: "1", PublishedAt: 5, Token: 6, Index: 7}
	e := event.UnifiedInventoryEvent{Type: event.Reset, StoreID: "s", ProductID: "p", ID: "x",
		Quantity: 4, OccurredAt: 9,
		Item: 2, Message: &m}
	l := event.DeadLetter{Refusal: event.Refusal{Reason: event.BadID, Detail: "d", Item: 2}, Stage: event.StageStock,
		Message: &m, FailedAt: 8}
	roundTrip(t, Messages{[]event.Message{m}, 6}, encodeMessages, decodeMessages)
	roundTrip(t, Events{[]event.UnifiedInventoryEvent{e, e}, 6}, encodeEvents, decodeEvents)
	roundTrip(t, DeadLetters{[]event.DeadLetter{l}}, encodeDeadLetters, decodeDeadLetters)
	signals := Signals{Tokens: []int64{6}, Logs: []LogWrite{{Key: "k", Record: []byte{1}}}}
	roundTrip(t, signals, encodeSignals, decodeSignals)
	if _, err := decodeMessages([]byte("{")); err == nil || !strings.Contains(err.Error(), "batch.Messages") {
		t.Errorf("a broken batch: %v", err)
	}
}

func roundTrip[T any](t *testing.T, v T, encode func(T) ([]byte, error), decode func([]byte) (T, error)) {
	t.Helper()
	b, err := encode(v)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := decode(b); err != nil || !reflect.DeepEqual(got, v) {
		t.Errorf("%+v came back as %+v, %v", v, got, err)
	}
}
