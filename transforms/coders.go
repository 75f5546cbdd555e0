package transforms

import (
	"encoding/json"
	"fmt"
	"reflect"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"

	"github.com/beamlytics/streamlytics/event"
	"github.com/beamlytics/streamlytics/internal/batch"
)

// Messages, events, dead letters and signals pass between DoFns that are fused, as Go values. These coders are for a runner that
// breaks the fusion: right, not fast.
func init() {
	beam.RegisterType(reflect.TypeFor[event.Message]())
	beam.RegisterCoder(reflect.TypeFor[event.Message](), encodeMessage, decodeMessage)
	beam.RegisterType(reflect.TypeFor[event.Event]())
	beam.RegisterCoder(reflect.TypeFor[event.Event](), encodeEvent, decodeEvent)
	beam.RegisterType(reflect.TypeFor[event.DeadLetter]())
	beam.RegisterCoder(reflect.TypeFor[event.DeadLetter](), encodeDeadLetter, decodeDeadLetter)
	beam.RegisterType(reflect.TypeFor[batch.Signals]())
	beam.RegisterCoder(reflect.TypeFor[batch.Signals](), encodeSignals, decodeSignals)
}

func encodeMessage(m event.Message) ([]byte, error)       { return encode(m) }
func decodeMessage(b []byte) (event.Message, error)       { return decode[event.Message](b) }
func encodeEvent(e event.Event) ([]byte, error)           { return encode(e) }
func decodeEvent(b []byte) (event.Event, error)           { return decode[event.Event](b) }
func encodeDeadLetter(l event.DeadLetter) ([]byte, error) { return encode(l) }
func decodeDeadLetter(b []byte) (event.DeadLetter, error) { return decode[event.DeadLetter](b) }
func encodeSignals(s batch.Signals) ([]byte, error)       { return encode(s) }
func decodeSignals(b []byte) (batch.Signals, error)       { return decode[batch.Signals](b) }

func encode(v any) ([]byte, error) {
	b, err := json.Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("encode %T: %w", v, err)
	}
	return b, nil
}

func decode[T any](b []byte) (v T, err error) {
	if err := json.Unmarshal(b, &v); err != nil {
		return v, fmt.Errorf("decode %T: %w", v, err)
	}
	return v, nil
}
