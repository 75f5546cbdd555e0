package pipeline

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/beamlytics/streamlytics/event"
	"github.com/beamlytics/streamlytics/test/rig"
)

// TestMaps runs messages of a foreign format through a map, and messages of another channel without.
func TestMaps(t *testing.T) {
	h := newHarness(t)
	h.options.POSMap = filepath.Join(t.TempDir(), "orders.jq")
	const program = `# Orders of a shop.
.order as $order | select($order != "test")
| .lines[] | {type: "SALE", store_id: 1, product_id: .sku, quantity: .n, occurred_at: .at, event_id: $order}`
	if err := os.WriteFile(h.options.POSMap, []byte(program), 0o644); err != nil {
		t.Fatal(err)
	}
	now := time.Now().UnixMilli()
	order := fmt.Sprintf(`{"order":"o1","lines":[{"sku":"a","n":2,"at":%d},{"sku":"b","n":"two","at":%d}]}`, now, now)
	h.publishAll(
		rig.Message{Channel: "pos", Data: []byte(order)},
		rig.Message{Channel: "pos", Data: []byte(order)},
		rig.Message{Channel: "pos", Data: []byte(`{"order":"test"}`)},
		rig.Message{Channel: "pos", Data: []byte(`{"order":"o2","lines":7}`)},
		rig.Message{Channel: "wms", Data: fmt.Appendf(nil,
			`{"event_id":"w","type":"RESET","store_id":1,"product_id":"a","count":9,"counted_at":%d}`, now-1000)})
	r := h.start()
	h.settle(r)
	summary := r.stop()
	if got, _ := h.get("stock:1:a"); got != "7" {
		t.Errorf("on-hand %q, want 7", got)
	}
	if summary.IgnoredByName[event.MappedToNothing] != 1 || summary.Duplicates != 1 ||
		summary.Refused["BAD_FIELD"] != 3 {
		t.Errorf("%+v", summary)
	}
	details := map[string]int{}
	for _, l := range h.deadLetters() {
		if !strings.HasPrefix(string(l.Raw), `{"order":`) || l.Source != "POS" {
			t.Errorf("the letter of %s from %s is not of the original", l.Raw, l.Source)
		}
		item := "none"
		if l.Item != nil {
			item = fmt.Sprint(*l.Item)
		}
		details[item+": "+l.Detail]++
	}
	quantity := `1: quantity: "two" is neither a number nor a text of an optional sign and digits ` +
		"(output 1 of --pos_map)"
	if details[quantity] != 2 || details["none: --pos_map: cannot iterate over: number (7)"] != 1 {
		t.Errorf("details %v", details)
	}
}
