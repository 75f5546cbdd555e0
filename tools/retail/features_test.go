package retail

import (
	"bytes"
	"encoding/json"
	"slices"
	"testing"
	"time"

	"github.com/beamlytics/streamlytics/event"
	"github.com/beamlytics/streamlytics/test/truth"
)

// TestEverythingHappensWithinThirtyHours holds the world to all that it promises to play.
func TestEverythingHappensWithinThirtyHours(t *testing.T) {
	w := New(Config{Seed: 10, Shops: 10, Products: 120, EventsPerSecond: 0.6}, morning)
	ps := w.Advance(morning + 30*time.Hour.Milliseconds())
	seen := map[string]int{}
	count := func(feature string, is bool) {
		if _, ok := seen[feature]; !ok {
			seen[feature] = 0
		}
		if is {
			seen[feature]++
		}
	}

	lastSaleSent := map[[2]string]int64{} // by store and product
	firstSent := map[string]int64{}
	resets := map[identity]event.UnifiedInventoryEvent{}
	for _, d := range decode(t, ps) {
		first, repeated := firstSent[string(d.Data)]
		count("repetition within a minute", repeated && d.At-first <= 60_000)
		count("repetition hours later", repeated && d.At-first > 3_600_000)
		if !repeated {
			firstSent[string(d.Data)] = d.At
		}
		count("id in an attribute", d.Attributes["event_id"] != "")
		count("good items beside a bad one", len(d.Events) > 0 && len(d.Refusals) > 0)
		count("ignored page", d.Ignored > 0 && !bytes.Contains(d.Data, []byte(`"browse"`)))
		count("browse without items", d.Ignored > 0 && bytes.Contains(d.Data, []byte(`"browse"`)))
		if len(d.Refusals) > 0 || repeated || d.Ignored > 0 {
			continue
		}
		m := fields(t, d)
		shapes(m, d, count)

		for _, e := range d.Events {
			age := time.Duration(d.At-e.OccurredAt) * time.Millisecond
			key := [2]string{e.StoreID, e.ProductID}
			switch e.Type {
			case event.Sale:
				lastSaleSent[key] = d.At
				count("sale of an offline till, hours late", d.Topic == POS && age > time.Hour)
				count("return", e.Quantity < 0)
				count("purchase that a shop fulfils", d.Topic == ECOM && e.StoreID != "online")
				count("several units", e.Quantity > 1)
			case event.Receipt:
				count("correction of a delivery", e.Quantity < 0)
			case event.Reset:
				count("nightly count, uploaded hours late", d.At > morning+3_600_000 && age > 3*time.Hour)
				count("count uploaded after sales that followed it", lastSaleSent[key] > e.OccurredAt && age > time.Hour)
				at := identity{e.StoreID, e.ProductID, time.UnixMilli(e.OccurredAt).String()}
				other, tie := resets[at]
				count("two counts of one time", tie && other.ID != e.ID && other.Quantity != e.Quantity)
				resets[at] = e
			case event.View:
				count("view from a clock that is ahead", e.Adjusted)
			}
		}
	}
	overtaken, tied := countOddities(t, ps)
	count("count overtaken by a later one", overtaken > 0)
	count("delivery at the time of a count", tied > 0)
	for _, reason := range event.Reasons {
		if reason != event.ResetTooOld && reason != event.TooLate { // they take a shop that is asleep for a week
			count("refused as "+string(reason), w.Truth().Tally.Refused[reason] > 0)
		}
	}
	unknown, negative := 0, 0
	for _, r := range w.Truth().Ledger.Stock() {
		if !r.Known {
			unknown++
		}
		if r.OnHand < 0 {
			negative++
		}
	}
	count("stock that nobody counted", unknown > 0)
	count("negative stock", negative > 0)
	for feature, n := range seen {
		if n == 0 {
			t.Errorf("never happened: %s", feature)
		}
	}
	if len(seen) < 40 {
		t.Errorf("only %d features looked for", len(seen))
	}
}

// fields is a message as plain JSON, which must have what its kind requires.
func fields(t *testing.T, d decoded) map[string]any {
	t.Helper()
	var m map[string]any
	if err := json.Unmarshal(d.Data, &m); err != nil {
		t.Fatalf("%s: %v", d.Data, err)
	}
	required := map[Topic][]string{
		POS:  {"order_number", "store_id", "timestamp"},
		ECOM: {"event", "client_id", "timestamp", "ecommerce"},
		WMS:  {"store_id", "event_id"},
	}[d.Topic]
	switch {
	case m["occurred_at"] != nil:
		required = []string{"event_id", "type", "store_id", "product_id", "quantity", "occurred_at"}
	case m["type"] == "RESET":
		required = append(required, "count", "counted_at")
	case d.Topic == WMS:
		required = append(required, "count", "timestamp")
	}
	for _, name := range required {
		if m[name] == nil {
			t.Fatalf("%s has no %s", d.Data, name)
		}
	}
	if len(d.Events) == 0 {
		t.Fatalf("%s is no event", d.Data)
	}
	return m
}

// shapes counts the forms in which a message can be written.
func shapes(m map[string]any, d decoded, count func(string, bool)) {
	has := func(name string) bool { return m[name] != nil }
	_, epoch := m["timestamp"].(float64)
	count("time in epoch milliseconds", epoch)
	stamp, _ := m["timestamp"].(string)
	count("time in UTC", len(stamp) > 0 && stamp[len(stamp)-1] == 'Z')
	count("time with an offset and microseconds", bytes.HasSuffix([]byte(stamp), []byte("417+02:00")))
	switch d.Topic {
	case POS:
		count("basket as items", has("items"))
		count("basket by the line", has("line"))
		count("time of sale beside the time of sending", m["time_of_sale"] != nil && m["time_of_sale"] != 0.0)
		_, number := m["product_id"].(float64)
		count("article number as an integer", number)
		count("quantity with a decimal point", bytes.Contains(d.Data, []byte(`"product_count":1.0`)))
	case ECOM:
		name, _ := m["event"].(string)
		if slices.Contains([]string{"view_item", "browse", "add_to_cart", "add-to-cart"}, name) {
			count(name, true)
		}
		e := m["ecommerce"].(map[string]any)
		count("purchase with a transaction", e["purchase"] != nil)
		count("purchase as items", name == "purchase" && e["items"] != nil)
		count("purchase of several products", name == "purchase" && len(d.Events) > 1)
	case WMS:
		count("unified event", has("occurred_at"))
		count("receipt without a type", !has("type"))
		count("receipt with a type", m["type"] == "RECEIPT" && !has("occurred_at"))
		count("sku in place of product id", has("sku"))
		_, number := m["event_id"].(float64)
		count("integer event id", number)
	}
}

// countOddities counts RESETs that come after a later one of their key, and RECEIPTs of the very time of a count.
func countOddities(t *testing.T, ps []Publication) (overtaken, tied int) {
	t.Helper()
	newest := map[truth.Key]int64{}
	times := map[truth.Key]map[int64]bool{}
	var receipts []event.UnifiedInventoryEvent
	for _, d := range decode(t, ps) {
		for _, e := range d.Events {
			key := truth.Key{Store: e.StoreID, Product: e.ProductID}
			switch e.Type {
			case event.Reset:
				if e.OccurredAt < newest[key] && d.At-e.OccurredAt < 12*time.Hour.Milliseconds() {
					overtaken++
				}
				newest[key] = max(newest[key], e.OccurredAt)
				if times[key] == nil {
					times[key] = map[int64]bool{}
				}
				times[key][e.OccurredAt] = true
			case event.Receipt:
				receipts = append(receipts, e)
			}
		}
	}
	for _, e := range receipts {
		if times[truth.Key{Store: e.StoreID, Product: e.ProductID}][e.OccurredAt] {
			tied++
		}
	}
	return overtaken, tied
}
