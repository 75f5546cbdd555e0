package event

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
)

// testNow is the time of the clock in these tests: 2026-03-01T12:00:00Z.
const testNow = 1772366400000

// raw is a JSON object: names with raw values. A member with an empty value is left out.
type raw map[string]string

// Valid messages of each format, to be modified with raw.with.
var (
	validUnified = raw{"event_id": `"e1"`, "type": `"SALE"`, "store_id": `"s1"`, "product_id": `"p1"`, "quantity": `2`,
		"occurred_at": `1772366400000`}
	validPOS = raw{"order_number": `"o1"`, "store_id": `"s1"`, "product_id": `"p1"`, "product_count": `2`,
		"timestamp": `1772366400000`}
	validECOM = raw{"event": `"view_item"`, "timestamp": `1772366400000`,
		"ecommerce": `{"items":[{"item_id":"p1","quantity":2}]}`}
	validWMS = raw{"event_id": `"e1"`, "store_id": `"s1"`, "product_id": `"p1"`, "count": `2`,
		"timestamp": `1772366400000`}
	validReset = validWMS.with("type", `"RESET"`, "counted_at", `1772366400000`, "timestamp", "")
)

// with returns a copy with changed members. changes alternates names and raw values.
func (r raw) with(changes ...string) raw {
	r = maps.Clone(r)
	for i := 0; i < len(changes); i += 2 {
		r[changes[i]] = changes[i+1]
	}
	return r
}

func (r raw) String() string {
	var members []string
	for _, name := range slices.Sorted(maps.Keys(r)) {
		if r[name] != "" {
			members = append(members, fmt.Sprintf("%q:%s", name, r[name]))
		}
	}
	return "{" + strings.Join(members, ",") + "}"
}

var formatChannels = map[Format]Channel{FormatUnified: POS, FormatPOS: POS, FormatECOM: ECOM, FormatWMS: WMS}

// message returns a Pub/Sub message of a format, without attributes.
func message(f Format, data string) *Message {
	return &Message{Channel: formatChannels[f], Format: f, Data: []byte(data), ID: "m1", PublishedAt: testNow - 1000}
}

// summary returns one line for each event, such as "SALE s1/p1 2 e1", and for each refusal, such as
// "BAD_ID store_id" or, for item 1, "BAD_ID 1 items[1].product_id". The field of a refusal is the
// text before the first colon or space of its detail.
func summary(out *Decoded) []string {
	var lines []string
	for _, e := range out.Events {
		lines = append(lines, fmt.Sprintf("%v %s/%s %d %s", e.Type, e.StoreID, e.ProductID, e.Quantity, e.ID))
	}
	for _, r := range out.Refusals {
		line := string(r.Reason)
		if r.Item != NoItem {
			line += fmt.Sprintf(" %d", r.Item)
		}
		field := r.Detail
		if i := strings.IndexAny(field, ": "); i >= 0 {
			field = field[:i]
		}
		lines = append(lines, line+" "+field)
	}
	if out.Ignored > 0 {
		lines = append(lines, fmt.Sprintf("ignored %d %s", out.Ignored, out.IgnoredName))
	}
	return lines
}

// check decodes m and compares the summary with want.
func check(t *testing.T, m *Message, want ...string) *Decoded {
	t.Helper()
	var d Decoder
	var out Decoded
	d.Decode(m, testNow, true, &out)
	if got := summary(&out); !slices.Equal(got, want) {
		t.Errorf("%.300s\n got %q %v\nwant %q", m.Data, got, out.Refusals, want)
	}
	for i := range out.Events {
		if err := checkEvent(&out.Events[i], m); err != nil {
			t.Errorf("%.300s\nevent %d: %v", m.Data, i, err)
		}
	}
	return &out
}

// one decodes m and returns its only event.
func one(t *testing.T, m *Message) UnifiedInventoryEvent {
	t.Helper()
	var d Decoder
	var out Decoded
	d.Decode(m, testNow, true, &out)
	if len(out.Events) != 1 || len(out.Refusals) != 0 {
		t.Fatalf("%.300s: %d events, refusals %v", m.Data, len(out.Events), out.Refusals)
	}
	return out.Events[0]
}
