package replay

import (
	"bytes"
	"compress/gzip"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/beamlytics/streamlytics/event"
	"github.com/beamlytics/streamlytics/test/truth"
)

func write(t *testing.T, name, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	data := []byte(content)
	if strings.HasSuffix(name, ".gz") {
		var b bytes.Buffer
		z := gzip.NewWriter(&b)
		if _, err := z.Write(data); err != nil {
			t.Fatal(err)
		}
		if err := z.Close(); err != nil {
			t.Fatal(err)
		}
		data = b.Bytes()
	}
	if err := os.WriteFile(path, data, 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

const fiveTypes = "" +
	`{"event_id":"1","type":"SALE","store_id":"12","product_id":"555","quantity":2,"occurred_at":1700000000000}
{"event_id":2,"type":"VIEW","store_id":"12","product_id":"555","occurred_at":"2023-11-14T22:13:20.5Z","note":"kept"}

{"event_id":"3","type":"CART_ADD","store_id":"12","product_id":"555","quantity":3,"occurred_at":1700000000000}
{"event_id":"4","type":"RECEIPT","store_id":"12","product_id":"555","quantity":1e1,"occurred_at":1700000000000}
{"event_id":"5","type":"RESET","store_id":"12","product_id":"555","quantity":100,"occurred_at":1700000000000}`

func TestJSONL(t *testing.T) {
	for _, name := range []string{"events.jsonl", "events.jsonl.gz"} {
		t.Run(name, func(t *testing.T) {
			var got []record
			for r, err := range jsonlRecords([]string{write(t, name, fiveTypes)}) {
				if err != nil {
					t.Fatal(err)
				}
				got = append(got, r)
			}
			lines := strings.Split(strings.ReplaceAll(fiveTypes, "\n\n", "\n"), "\n")
			of := func(i int, channel event.Channel, typ string, quantity, ms int64) record {
				e := truth.Event{ID: string(rune('0' + i)), Type: typ, Store: "12", Product: "555",
					Quantity: quantity, OccurredAt: ms}
				return record{channel, []byte(lines[i-1]), e}
			}
			want := []record{
				of(1, event.POS, "SALE", 2, 1700000000000), of(2, event.ECOM, "VIEW", 1, 1700000000500),
				of(3, event.ECOM, "CART_ADD", 3, 1700000000000), of(4, event.WMS, "RECEIPT", 10, 1700000000000),
				of(5, event.WMS, "RESET", 100, 1700000000000),
			}
			if !reflect.DeepEqual(got, want) {
				t.Errorf("got  %+v\nwant %+v", got, want)
			}
		})
	}
}

func TestJSONLNamesTheLineThatWouldBeRefused(t *testing.T) {
	const rest = `"store_id":"12","product_id":"555","quantity":2,"occurred_at":1700000000000}`
	for line, want := range map[string]string{
		`{"event_id":"1"`:                         "BAD_JSON",
		`{"type":"SALE",` + rest:                  "MISSING_FIELD: event_id",
		`{"event_id":"1","type":"STOLEN",` + rest: "UNKNOWN_TYPE",
		`{"event_id":"1","type":"SALE",` + strings.Replace(rest, `"12"`, `"global"`, 1): "BAD_ID",
		`{"order_number":"1","line":1,"store_id":"12","product_id":"555","product_count":2,` +
			`"timestamp":1700000000000,"price":1.5}`: "MISSING_FIELD: type",
	} {
		path := write(t, "events.jsonl", strings.SplitN(fiveTypes, "\n", 2)[0]+"\n\n"+line+"\n"+fiveTypes)
		var good int
		var got error
		for _, err := range jsonlRecords([]string{path}) {
			if got != nil {
				t.Fatal("reading went on after an error")
			}
			if got = err; err == nil {
				good++
			}
		}
		if good != 1 || got == nil || !strings.Contains(got.Error(), want) ||
			!strings.Contains(got.Error(), path+":3") {
			t.Errorf("%s: got %d events and error %v, want 1 and %q at line 3", line, good, got, want)
		}
	}
}

func TestJSONLOfFilesThatCannotBeRead(t *testing.T) {
	notCompressed := filepath.Join(t.TempDir(), "plain.gz")
	if err := os.WriteFile(notCompressed, []byte("plain"), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{filepath.Join(t.TempDir(), "none"), t.TempDir(), notCompressed} {
		var got error
		for _, err := range jsonlRecords([]string{path}) {
			got = err
		}
		if got == nil || !strings.Contains(got.Error(), path) {
			t.Errorf("%s: got error %v", path, got)
		}
	}
}

func TestExpand(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"b.jsonl", "a.jsonl", "c.json"} {
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := expand([]string{filepath.Join(dir, "c.*"), filepath.Join(dir, "*.jsonl")})
	want := []string{filepath.Join(dir, "c.json"), filepath.Join(dir, "a.jsonl"), filepath.Join(dir, "b.jsonl")}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, %v, want %v", got, err, want)
	}
	for _, glob := range []string{filepath.Join(dir, "*.csv"), "["} {
		if _, err := expand([]string{glob}); err == nil || !strings.Contains(err.Error(), glob) {
			t.Errorf("%s: got error %v", glob, err)
		}
	}
}
