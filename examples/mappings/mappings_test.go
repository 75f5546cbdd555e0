// Package mappings holds the example programs for --pos_map, --ecom_map and --wms_map.
package mappings

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/beamlytics/streamlytics/event"
)

// now is a time after all samples: 2026-03-04T00:00:00Z.
const now = 1772582400000

// unified is an event as it stands in an events file.
type unified struct {
	EventID    string `json:"event_id"`
	Type       string `json:"type"`
	StoreID    string `json:"store_id"`
	ProductID  string `json:"product_id"`
	Quantity   int64  `json:"quantity"`
	OccurredAt int64  `json:"occurred_at"`
}

// TestExamples maps each line of NAME.sample.jsonl by NAME.jq and compares the events with
// NAME.events.jsonl. Messages with other ids, as a webhook that is delivered again has, give the
// same events.
func TestExamples(t *testing.T) {
	programs, err := filepath.Glob("*.jq")
	if err != nil || len(programs) < 3 {
		t.Fatalf("programs %v, %v", programs, err)
	}
	for _, program := range programs {
		t.Run(program, func(t *testing.T) {
			name := strings.TrimSuffix(program, ".jq")
			sample := strings.Split(strings.TrimSpace(read(t, name+".sample.jsonl")), "\n")
			want := read(t, name+".events.jsonl")
			for _, delivery := range []string{"a", "b"} {
				if got := events(t, read(t, program), sample, delivery); got != want {
					t.Errorf("delivery %s: got\n%s\nwant\n%s", delivery, got, want)
				}
			}
		})
	}
}

// events decodes messages by a program and returns the events, one a line.
func events(t *testing.T, program string, messages []string, delivery string) string {
	t.Helper()
	d := event.Decoder{Rules: event.Rules{Maps: event.Maps{event.POS: program}}}
	var out event.Decoded
	var lines bytes.Buffer
	encoder := json.NewEncoder(&lines)
	for i, data := range messages {
		m := event.Message{Channel: event.POS, Format: event.FormatPOS, Data: []byte(data),
			ID: fmt.Sprint(delivery, i), PublishedAt: now}
		d.Decode(&m, now, true, &out)
		for _, r := range out.Refusals {
			t.Errorf("line %d: %+v", i+1, r)
		}
		for _, e := range out.Events {
			if err := encoder.Encode(unified{e.ID, e.Type.String(), e.StoreID, e.ProductID, e.Quantity,
				e.OccurredAt}); err != nil {
				t.Fatal(err)
			}
		}
	}
	return lines.String()
}

// TestUnknownIsRefused checks that what the table of a shop lacks is not lost in silence.
func TestUnknownIsRefused(t *testing.T) {
	d := event.Decoder{Rules: event.Rules{Maps: event.Maps{event.POS: read(t, "shopify.jq")}}}
	var out event.Decoded
	for data, want := range map[string]string{
		`{"inventory_item_id":5,"location_id":1,"available":2,"updated_at":"2026-03-02T14:31:00Z"}`: "" +
			"--pos_map: inventory item 5 is not in the table of SKUs",
		`{"id":1,"title":"Tee"}`: "--pos_map: neither an order, a refund nor an inventory level",
	} {
		d.Decode(&event.Message{Channel: event.POS, Data: []byte(data), ID: "m"}, now, true, &out)
		if len(out.Refusals) != 1 || out.Refusals[0].Reason != event.BadField || out.Refusals[0].Detail != want {
			t.Errorf("%s: %+v, want %q", data, out, want)
		}
	}
}

func read(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
