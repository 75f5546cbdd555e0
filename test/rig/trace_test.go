package rig

import (
	"fmt"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/beamlytics/streamlytics/event"
	"github.com/beamlytics/streamlytics/test/truth"
)

// TestTraceSaysWhatItMeans decodes the messages of a trace and finds its events, and a share of them twice.
func TestTraceSaysWhatItMeans(t *testing.T) {
	until := time.Now()
	o := TraceOptions{Seed: 3, Events: 5000, Duplicates: 0.2, Until: until}
	trace := NewTrace(o)
	if again := NewTrace(o); !reflect.DeepEqual(trace, again) {
		t.Error("the same options make another trace")
	}
	formats := map[string]event.Format{"pos": event.FormatPOS, "ecom": event.FormatECOM, "wms": event.FormatWMS}
	channels := map[string]event.Channel{"pos": event.POS, "ecom": event.ECOM, "wms": event.WMS}
	times := map[truth.Event]int{}
	types := map[string]int{}
	var d event.Decoder
	for _, m := range trace.Messages {
		var out event.Decoded
		d.Decode(&event.Message{Channel: channels[m.Channel], Format: formats[m.Channel], Data: m.Data}, until.UnixMilli(), true, &out)
		if len(out.Events) != 1 || len(out.Refusals) != 0 {
			t.Fatalf("%s: %+v", m.Data, out)
		}
		e := out.Events[0]
		times[truth.Event{ID: e.ID, Type: e.Type.String(), Store: e.StoreID, Product: e.ProductID, Quantity: e.Quantity, OccurredAt: e.OccurredAt}]++
		types[e.Type.String()]++
	}
	for _, e := range trace.Events {
		if times[e] == 0 {
			t.Errorf("%+v is in no message", e)
		}
		delete(times, e)
	}
	if len(times) > 0 {
		t.Errorf("messages say what the trace does not: %v", times)
	}
	if twice := len(trace.Messages) - len(trace.Events); twice < 900 || twice > 1100 {
		t.Errorf("%d of 5000 are repeated, want about 1000", twice)
	}
	if len(types) != len(event.Types) {
		t.Errorf("types %v", types)
	}
}

// TestTraceWindow keeps messages near their place.
func TestTraceWindow(t *testing.T) {
	ordered := NewTrace(TraceOptions{Seed: 3, Events: 100, Window: 1, Until: time.Now()})
	shuffled := NewTrace(TraceOptions{Seed: 3, Events: 100, Window: 10, Until: ordered.Options.Until})
	moved := 0
	for i, m := range shuffled.Messages {
		run := ordered.Messages[i/10*10 : i/10*10+10]
		if !slices.ContainsFunc(run, func(x Message) bool { return string(x.Data) == string(m.Data) }) {
			t.Errorf("message %d comes from another run", i)
		}
		if string(m.Data) != string(ordered.Messages[i].Data) {
			moved++
		}
	}
	if moved < 50 {
		t.Errorf("%d of 100 messages moved", moved)
	}
}

func TestPartsMakeTheWhole(t *testing.T) {
	trace := NewTrace(TraceOptions{Seed: 1, Events: 1000, Duplicates: 0.1})
	var all []Message
	for i := range 7 {
		all = append(all, trace.Part(i, 7)...)
	}
	if !reflect.DeepEqual(all, trace.Messages) {
		t.Error("the parts are not the whole")
	}
}

func TestOutcomeIsARow(t *testing.T) {
	o := Outcome{Fault: "Redis down", Redelivered: 12, Recovery: 1234 * time.Millisecond, Peak: 200 << 20}
	if got, want := fmt.Sprint(o), "fault-matrix | Redis down | 0 | 12 | 1.2 | 200"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}
