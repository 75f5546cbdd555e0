package pipeline

import (
	"encoding/json"
	"errors"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// sampled returns what Sample writes for a text on stdin, and its counts.
func sampled(t *testing.T, o Options, format, text string) (out, counts string, err error) {
	t.Helper()
	var b strings.Builder
	result, err := readSample(t, o, format, "-", strings.NewReader(text), &b)
	return b.String(), result.String(), err
}

// madeOf is the end of a line with an event of 21 September 2026, 14:13:20 UTC.
func madeOf(kind, store, product, quantity string) string {
	return `"type":"` + kind + `","store_id":"` + store + `","product_id":"` + product + `","quantity":` + quantity +
		`,"occurred_at":"2026-09-21T14:13:20.000Z"}}`
}

// samples are texts and what they become.
var samples = []struct {
	name, format, in string
	change           func(*Options)
	out              []string // the beginning of each line
	counts           string
}{
	{"an id of the message", "pos", "\n" + sale + "\n", nil,
		[]string{`{"line":2,"event":{"event_id":"line-2",` + madeOf("SALE", "12", "007", "2")},
		"lines: 1, events: 1, refused: 0, ignored: 0"},
	{"an id of its own", "pos", strings.Replace(sale, "{", `{"line":1,`, 1), nil,
		[]string{`{"line":1,"event":{"event_id":"o1:1",` + madeOf("SALE", "12", "007", "2")},
		"lines: 1, events: 1, refused: 0, ignored: 0"},
	{"a good and a bad item", "pos", `{"event_id":"<e>","order_number":"o","store_id":"12",` +
		`"timestamp":1790000000000,"items":[{"product_id":"1"},{"product_id":"007","quantity":2}]}`, nil,
		[]string{`{"line":1,"event":{"event_id":"<e>#0",` + madeOf("SALE", "12", "007", "2"),
			`{"line":1,"reason":"MISSING_FIELD","detail":"items[0].quantity is missing","item":0}`},
		"lines: 1, events: 1, refused: 1 (MISSING_FIELD: 1), ignored: 0"},
	{"no JSON", "pos", "store_id,product_id\n", nil, []string{`{"line":1,"reason":"BAD_JSON","detail":"`},
		"lines: 1, events: 0, refused: 1 (BAD_JSON: 1), ignored: 0"},
	{"ignored, and a view", "ecom", `{"event":"scroll","timestamp":1790000000000}` + "\n" +
		`{"event":"view_item","timestamp":1790000000000,"ecommerce":{"items":[{"item_id":"007","price":"x"}]}}`,
		func(o *Options) { o.StripLeadingZeros, o.OnlineStore = true, "web" },
		[]string{`{"line":1,"ignored":"scroll"}`,
			`{"line":2,"event":{"event_id":"line-2#0",` + madeOf("VIEW", "web", "7", "1")},
		"lines: 2, events: 1, refused: 0, ignored: 1, unreadable prices: 1"},
	{"JSON lines of the warehouse", "wms",
		`{"store_id":"1","sku":"a","count":3,"timestamp":"2026-09-21T16:13:20+02:00"}`, nil,
		[]string{`{"line":1,"event":{"event_id":"line-1",` + madeOf("RECEIPT", "1", "a", "3")},
		"lines: 1, events: 1, refused: 0, ignored: 0"},
	{"CSV", "wms", "store_id,sku,count,timestamp,event_id\n1,a,3,1790000000000,r1\n1,a,1.000,1790000000000,r\n", nil,
		[]string{`{"line":2,"event":{"event_id":"r1",` + madeOf("RECEIPT", "1", "a", "3"),
			`{"line":3,"reason":"BAD_FIELD","detail":"count: `},
		"lines: 2, events: 1, refused: 1 (BAD_FIELD: 1), ignored: 0"},
	{"CSV without ids", "wms", "store_id,sku,count,timestamp\n1,a,3,1790000000000\n", nil,
		[]string{`{"line":2,"reason":"MISSING_FIELD","detail":"event_id is missing (-:2)","item":null}`},
		"lines: 1, events: 0, refused: 1 (MISSING_FIELD: 1), ignored: 0"},
	{"a clock", "unified", `{"event_id":"e","type":"SALE","store_id":"s","product_id":"p","quantity":1,` +
		`"occurred_at":1790000000000}`, func(o *Options) { o.ClockOrigin = "2026-09-21T13:00:00Z" },
		[]string{`{"line":1,"reason":"FUTURE","detail":"occurred_at: 1790000000000 is `},
		"lines: 1, events: 0, refused: 1 (FUTURE: 1), ignored: 0"},
}

const sale = `{"order_number":"o1","store_id":"12","product_id":"007","product_count":2,"timestamp":1790000000000}`

// TestSample checks what lines of each format become, plain and gzip.
func TestSample(t *testing.T) {
	for _, c := range samples {
		o := DefaultOptions()
		if c.change != nil {
			c.change(&o)
		}
		out, counts, err := sampled(t, o, c.format, c.in)
		if counts != c.counts || errors.Is(err, ErrRefused) != strings.Contains(counts, "(") {
			t.Errorf("%s: %v, %s, want %s", c.name, err, counts, c.counts)
		}
		lines := strings.Split(strings.TrimSuffix(out, "\n"), "\n")
		if !slices.EqualFunc(lines, c.out, strings.HasPrefix) {
			t.Errorf("%s:\n%s\nwant\n%s", c.name, out, strings.Join(c.out, "\n"))
		}
		if again, _, _ := sampled(t, o, c.format, gzipped(t, c.in)); again != out && c.name != "a clock" {
			t.Errorf("%s as gzip:\n%s", c.name, again)
		}
		readAgain(t, out)
	}
}

// readAgain checks that the events of a sample, given as unified events, are the same events.
func readAgain(t *testing.T, out string) {
	t.Helper()
	var events, want []string
	for line := range strings.Lines(out) {
		var l struct{ Event json.RawMessage }
		if err := json.Unmarshal([]byte(line), &l); err != nil {
			t.Fatal(err)
		}
		if l.Event != nil {
			events, want = append(events, string(l.Event)), append(want, string(l.Event))
		}
	}
	again, counts, err := sampled(t, DefaultOptions(), "unified", strings.Join(events, "\n"))
	if err != nil {
		t.Errorf("%v, %s", err, counts)
	}
	for line := range strings.Lines(again) {
		if len(want) == 0 || !strings.HasSuffix(strings.TrimSpace(line), `"event":`+want[0]+"}") {
			t.Fatalf("the events became\n%s", again)
		}
		want = want[1:]
	}
	if len(want) > 0 {
		t.Errorf("events are lost: %q", want)
	}
}

// TestSampleErrors checks that a sample that cannot be read is no refusal.
func TestSampleErrors(t *testing.T) {
	o := DefaultOptions()
	for _, format := range []string{"", "file", "csv"} {
		_, _, err := sampled(t, o, format, "")
		if want := `--format: "` + format + `" is not one of`; err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v", format, err)
		}
	}
	o.OnlineStore, o.ClockSpeed = "global", -1
	_, _, err := sampled(t, o, "pos", "")
	for _, want := range []string{"--online_store", "--clock_speed"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v does not name %s", err, want)
		}
	}
	missing := filepath.Join(t.TempDir(), "none.jsonl")
	_, err = readSample(t, DefaultOptions(), "pos", missing, nil, &strings.Builder{})
	if err == nil || errors.Is(err, ErrRefused) || !strings.Contains(err.Error(), missing) {
		t.Errorf("a file that is not there: %v", err)
	}
}

// readSample reads a file by a sampler.
func readSample(t *testing.T, o Options, format, name string, stdin io.Reader, out io.Writer) (SampleResult, error) {
	t.Helper()
	sampler, err := NewSampler(t.Context(), o, format)
	if err != nil {
		return SampleResult{}, err
	}
	return sampler.Read(t.Context(), name, stdin, out)
}
