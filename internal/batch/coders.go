package batch

import (
	"encoding/json"
	"fmt"
	"reflect"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/register"
)

// Batches pass between fused DoFns as Go values. The coders serve a runner that breaks the fusion:
// they are correct, not fast.
func init() {
	beam.RegisterType(reflect.TypeFor[Messages]())
	beam.RegisterCoder(reflect.TypeFor[Messages](), encodeMessages, decodeMessages)
	beam.RegisterType(reflect.TypeFor[Events]())
	beam.RegisterCoder(reflect.TypeFor[Events](), encodeEvents, decodeEvents)
	beam.RegisterType(reflect.TypeFor[DeadLetters]())
	beam.RegisterCoder(reflect.TypeFor[DeadLetters](), encodeDeadLetters, decodeDeadLetters)
	beam.RegisterType(reflect.TypeFor[Signals]())
	beam.RegisterCoder(reflect.TypeFor[Signals](), encodeSignals, decodeSignals)
	register.Emitter2[beam.EventTime, Messages]()
	register.Emitter2[beam.EventTime, Events]()
	register.Emitter2[beam.EventTime, DeadLetters]()
}

func encodeMessages(m Messages) ([]byte, error)       { return encode(m) }
func decodeMessages(b []byte) (Messages, error)       { return decode[Messages](b) }
func encodeEvents(e Events) ([]byte, error)           { return encode(e) }
func decodeEvents(b []byte) (Events, error)           { return decode[Events](b) }
func encodeDeadLetters(l DeadLetters) ([]byte, error) { return encode(l) }
func decodeDeadLetters(b []byte) (DeadLetters, error) { return decode[DeadLetters](b) }
func encodeSignals(s Signals) ([]byte, error)         { return encode(s) }
func decodeSignals(b []byte) (Signals, error)         { return decode[Signals](b) }

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
