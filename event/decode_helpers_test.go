package event

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
)

// testNow is the pipeline's clock in these tests: 2026-03-01T12:00:00Z.
const testNow = 1772366400000

// raw is a JSON object by name of raw value. An empty value is no member.
type raw map[string]string

// Sound messages, one of each format, to be spoiled by with.
var (
	soundUnified = raw{"event_id": `"e1"`, "type": `"SALE"`, "store_id": `"s1"`, "product_id": `"p1"`, "quantity": `2`, "occurred_at": `1772366400000`}
	soundPOS     = raw{"order_number": `"o1"`, "store_id": `"s1"`, "product_id": `"p1"`, "product_count": `2`, "timestamp": `1772366400000`}
	soundECOM    = raw{"event": `"view_item"`, "timestamp": `1772366400000`, "ecommerce": `{"items":[{"item_id":"p1","quantity":2}]}`}
	soundWMS     = raw{"event_id": `"e1"`, "store_id": `"s1"`, "product_id": `"p1"`, "count": `2`, "timestamp": `1772366400000`}
	soundReset   = soundWMS.with("type", `"RESET"`, "counted_at", `1772366400000`, "timestamp", "")
)

// with returns a changed copy: names and raw values alternate.
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

// message is a Pub/Sub message of the given format, without attributes.
func message(f Format, data string) *Message {
	return &Message{Channel: formatChannels[f], Format: f, Data: []byte(data), ID: "m1", PublishedAt: testNow - 1000}
}

// summary is what a message came to, one line each: events as "SALE s1/p1 2 e1", refusals as "BAD_ID store_id" and, for
// item 1, "BAD_ID 1 items[1].product_id", where the field is what stands before the first colon or space of the detail.
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

// check decodes m and compares the summary.
func check(t *testing.T, m *Message, want ...string) *Decoded {
	t.Helper()
	var d Decoder
	var out Decoded
	d.Decode(m, testNow, true, &out)
	if got := summary(&out); !slices.Equal(got, want) {
		t.Errorf("%.300s\n got %q %v\nwant %q", m.Data, got, out.Refusals, want)
	}
	for i := range out.Events {
		if err := unsound(&out.Events[i], m); err != nil {
			t.Errorf("%.300s\nevent %d: %v", m.Data, i, err)
		}
	}
	return &out
}

// one decodes m and returns the only event.
func one(t *testing.T, m *Message) Event {
	t.Helper()
	var d Decoder
	var out Decoded
	d.Decode(m, testNow, true, &out)
	if len(out.Events) != 1 || len(out.Refusals) != 0 {
		t.Fatalf("%.300s: %d events, refusals %v", m.Data, len(out.Events), out.Refusals)
	}
	return out.Events[0]
}
