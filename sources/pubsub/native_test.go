package pubsub

import (
	"bytes"
	"fmt"
	"testing"

	"cloud.google.com/go/pubsub/v2/apiv1/pubsubpb"
	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/beamlytics/streamlytics/event"
	"github.com/beamlytics/streamlytics/internal/batch"
	"github.com/beamlytics/streamlytics/sources"
)

// gathered runs a bundle of a GatherFn over payloads that were published at 1, 2 and so on.
func gathered(t *testing.T, f *GatherFn, payloads ...[]byte) (batches []batch.Messages, times []beam.EventTime) {
	t.Helper()
	emit := func(at beam.EventTime, b batch.Messages) {
		batches, times = append(batches, b), append(times, at)
	}
	f.StartBundle(t.Context(), emit)
	for i, data := range payloads {
		at := int64(i + 1)
		raw, err := proto.Marshal(&pubsubpb.PubsubMessage{Data: data, MessageId: fmt.Sprint(i),
			Attributes: map[string]string{"a": "b"}, PublishTime: &timestamppb.Timestamp{Nanos: int32(at) * 1_000_000}})
		if err != nil {
			t.Fatal(err)
		}
		if err := f.ProcessElement(beam.EventTime(at), raw, emit); err != nil {
			t.Fatal(err)
		}
	}
	f.FinishBundle(t.Context(), emit)
	return batches, times
}

// TestGather: the messages of a bundle are one batch at the time of the latest.
func TestGather(t *testing.T) {
	f := &GatherFn{Channel: event.WMS}
	for range 2 {
		batches, times := gathered(t, f, []byte("x"), []byte("y"))
		if len(batches) != 1 || len(batches[0].Messages) != 2 || times[0] != 2 || batches[0].Token != 0 {
			t.Fatalf("batches %+v at %v", batches, times)
		}
		m := batches[0].Messages[1]
		if string(m.Data) != "y" || m.ID != "1" || m.Attributes["a"] != "b" ||
			m.PublishedAt != 2 || m.Channel != event.WMS ||
			m.Format != event.FormatWMS {
			t.Errorf("a message came as %+v", m)
		}
	}
	if batches, _ := gathered(t, f); len(batches) != 0 {
		t.Errorf("an empty bundle has batches %+v", batches)
	}
	if err := f.ProcessElement(0, []byte{0xff}, nil); err == nil {
		t.Error("bytes that are no message are taken")
	}
}

// TestGatherIsBounded: neither many messages nor large ones wait for the end of their bundle.
func TestGatherIsBounded(t *testing.T) {
	many := make([][]byte, 2*sources.BundleMessages+1)
	large := [][]byte{bytes.Repeat([]byte{'x'}, sources.BundleBytes), []byte("y")}
	for name, c := range map[string]struct {
		payloads [][]byte
		want     []int
	}{"many": {many, []int{sources.BundleMessages, sources.BundleMessages, 1}}, "large": {large, []int{1, 1}}} {
		batches, _ := gathered(t, &GatherFn{}, c.payloads...)
		var got []int
		for _, b := range batches {
			got = append(got, len(b.Messages))
		}
		if fmt.Sprint(got) != fmt.Sprint(c.want) {
			t.Errorf("%s: batches of %d, want %d", name, got, c.want)
		}
	}
}
