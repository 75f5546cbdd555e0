package retail

import (
	"bytes"
	"testing"
	"time"

	"github.com/beamlytics/streamlytics/event"
	"github.com/beamlytics/streamlytics/test/truth"
)

// TestEverythingHappensWithinThirtyHours checks that every defect of a message, and every case of
// the stock rules, occurs within thirty hours.
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
				count("count uploaded after sales that followed it",
					lastSaleSent[key] > e.OccurredAt && age > time.Hour)
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
		if reason != event.ResetTooOld && reason != event.TooLate { // these need a shop that sends nothing for a week
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
}

// countOddities counts RESETs that arrive after a later one of their key, and RECEIPTs at the time
// of a count.
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
