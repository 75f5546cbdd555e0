package journey

import (
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/deprecated"

	"github.com/beamlytics/streamlytics/event"
	"github.com/beamlytics/streamlytics/test/truth"
)

// stamp is a time as the file has it.
func stamp(t *testing.T, rfc3339 string) *deprecated.Int96 {
	t.Helper()
	at, err := time.Parse(time.RFC3339Nano, rfc3339)
	if err != nil {
		t.Fatal(err)
	}
	midnight := at.Truncate(24 * time.Hour)
	nanos := at.Sub(midnight).Nanoseconds()
	return &deprecated.Int96{uint32(nanos), uint32(nanos >> 32), uint32(midnight.Unix()/86400 + 2440588)}
}

func written(t *testing.T, rows ...row) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "transactions.parquet")
	if err := parquet.WriteFile(path, rows); err != nil {
		t.Fatal(err)
	}
	return path
}

func line(t *testing.T, basket, store, product, quantity int64, at string) row {
	household, value := int64(900), 1.5
	return row{&household, &store, &basket, &product, &quantity, &value, stamp(t, at)}
}

func TestReadSortsByTimeAndNumbersTheLinesOfABasket(t *testing.T) {
	path := written(t,
		line(t, 7, 12, 555, 1, "2017-01-02T00:00:00Z"),
		line(t, 8, 13, 556, 0, "2017-01-01T23:59:59.999Z"),
		line(t, 7, 12, 557, 89638, "2017-01-02T00:00:00Z"),
		line(t, 8, 13, 555, -2, "2017-01-01T23:59:59.999Z"),
	)
	got, err := Read(path)
	if err != nil {
		t.Fatal(err)
	}
	const newYear = 1483228800000
	sale := func(basket, n, store, product, quantity, at int64) Sale {
		return Sale{Basket: basket, Line: n, Household: 900, Store: store, Product: product, Quantity: quantity, Value: 1.5, OccurredAt: at}
	}
	want := []Sale{
		sale(8, 1, 13, 556, 0, newYear+86_399_999), sale(8, 2, 13, 555, -2, newYear+86_399_999),
		sale(7, 1, 12, 555, 1, newYear+86_400_000), sale(7, 2, 12, 557, 89638, newYear+86_400_000),
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

func TestReadNamesTheRowThatCannotBeSent(t *testing.T) {
	good := func() row { return line(t, 7, 12, 555, 1, "2017-01-02T00:00:00Z") }
	tooMany := int64(1_000_000_001)
	for _, c := range []struct {
		spoil func(*row)
		want  string
	}{
		{func(r *row) { r.Household = nil }, "household_id is missing"},
		{func(r *row) { r.Store = nil }, "store_id is missing"},
		{func(r *row) { r.Basket = nil }, "basket_id is missing"},
		{func(r *row) { r.Product = nil }, "product_id is missing"},
		{func(r *row) { r.Quantity = nil }, "quantity is missing"},
		{func(r *row) { r.Value = nil }, "sales_value is missing"},
		{func(r *row) { r.Timestamp = nil }, "transaction_timestamp is missing"},
		{func(r *row) { r.Quantity = &tooMany }, "quantity 1000000001 is beyond 1000000000"},
		{func(r *row) { r.Timestamp = stamp(t, "1999-12-31T23:59:59.999Z") }, "1999-12-31 23:59:59.999 +0000 UTC is before 2000"},
	} {
		bad := good()
		c.spoil(&bad)
		_, err := Read(written(t, good(), bad))
		if err == nil || !strings.Contains(err.Error(), "row 2: ") || !strings.Contains(err.Error(), c.want) {
			t.Errorf("got error %v, want row 2 with %q", err, c.want)
		}
	}
}

func TestReadOfAnotherFile(t *testing.T) {
	dir := t.TempDir()
	text, table := filepath.Join(dir, "text"), filepath.Join(dir, "table")
	if err := os.WriteFile(text, []byte("household_id,store_id\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := parquet.WriteFile(table, []struct {
		Store int64 `parquet:"store_id"`
	}{{1}}); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{
		filepath.Join(dir, "none"): "no such file",
		text:                       "reading " + text,
		table:                      "there is no column household_id",
	} {
		if _, err := Read(path); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got error %v, want %q", filepath.Base(path), err, want)
		}
	}
}

func TestWireFormats(t *testing.T) {
	s := Sale{Basket: 31198570044, Line: 3, Household: 900, Store: 330, Product: 1095275, Quantity: 3, Value: 2, OccurredAt: 1483271606000}
	unified := `{"event_id":"31198570044-3","type":"SALE","store_id":"330","product_id":"1095275","quantity":3,"occurred_at":1483271606000}`
	if got := string(s.Unified()); got != unified {
		t.Errorf("unified: got %s, want %s", got, unified)
	}
	pos := `{"order_number":"31198570044","line":3,"store_id":"330","product_id":"1095275","product_count":3,` +
		`"price":0.6667,"user_id":"900","timestamp":1483271606000}`
	if got := string(s.POS()); got != pos {
		t.Errorf("POS: got %s, want %s", got, pos)
	}
	s.Quantity = 0
	var free map[string]any
	if err := json.Unmarshal(s.POS(), &free); err != nil {
		t.Fatal(err)
	}
	if _, ok := free["price"]; ok || free["product_count"] != 0.0 {
		t.Errorf("a sale of nothing has a unit price: %v", free)
	}
}

func TestBothWireFormatsAreTheSameSale(t *testing.T) {
	s := Sale{Basket: 31198570044, Line: 3, Household: 900, Store: 330, Product: 1095275, Quantity: 3, Value: 2, OccurredAt: 1483271606000}
	for _, data := range [][]byte{s.Unified(), s.POS()} {
		var decoder event.Decoder
		var out event.Decoded
		decoder.Decode(&event.Message{Channel: event.POS, Format: event.FormatPOS, Data: data, ID: "pubsub"}, s.OccurredAt, true, &out)
		if len(out.Events) != 1 || len(out.Refusals) != 0 {
			t.Fatalf("%s: got %+v", data, out)
		}
		want, e := s.Event(), out.Events[0]
		want.ID = e.ID // an order and a line in one format
		got := truth.Event{ID: e.ID, Type: e.Type.String(), Store: e.StoreID, Product: e.ProductID, Quantity: e.Quantity, OccurredAt: e.OccurredAt}
		if got != want || e.ID == "pubsub" {
			t.Errorf("%s: got %+v, want %+v", data, got, want)
		}
	}
}
