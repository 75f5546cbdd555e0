//go:build network

package journey

import (
	"testing"
	"time"

	"github.com/beamlytics/streamlytics/event"
	"github.com/beamlytics/streamlytics/test/truth"
)

// TestRealData downloads the data set and holds it against what the project says of it.
func TestRealData(t *testing.T) {
	path, err := Fetch(t.Context(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	sales, err := Read(path)
	if err != nil {
		t.Fatal(err)
	}
	stores, products, ids := map[int64]bool{}, map[int64]bool{}, map[string]bool{}
	var greatest, sum int64
	var decoder event.Decoder
	var decoded event.Decoded
	events := make([]truth.Event, 0, len(sales))
	for _, s := range sales {
		stores[s.Store], products[s.Product], ids[s.EventID()] = true, true, true
		greatest, sum = max(greatest, s.Quantity), sum+s.Quantity
		events = append(events, s.Event())
		for _, data := range [][]byte{s.Unified(), s.POS()} {
			m := event.Message{Channel: event.POS, Format: event.FormatPOS, Data: data, ID: "1"}
			decoder.Decode(&m, time.Now().UnixMilli(), true, &decoded)
			if len(decoded.Refusals) > 0 {
				t.Fatalf("%s would be refused: %+v", data, decoded.Refusals[0])
			}
		}
	}
	for _, c := range []struct {
		name      string
		got, want int64
	}{
		{"rows", int64(len(sales)), 1_469_307},
		{"event ids", int64(len(ids)), 1_469_307},
		{"stores", int64(len(stores)), 457},
		{"products", int64(len(products)), 68_509},
		{"store and product pairs", int64(len(truth.Stock(events))), 631_479},
		{"units", sum, 152_923_108},
		{"greatest quantity", greatest, 89_638},
		{"first", sales[0].OccurredAt, 1483271606000},
		{"last", sales[len(sales)-1].OccurredAt, 1514779280000},
	} {
		if c.got != c.want {
			t.Errorf("%s: got %d, want %d", c.name, c.got, c.want)
		}
	}
}
