package event

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// goldenWant is the content of a want.json file.
type goldenWant struct {
	Events   []goldenEvent   `json:"events"`
	Refusals []goldenRefusal `json:"refusals"`
	Ignored  int             `json:"ignored"`
	Prices   int             `json:"unreadable_prices,omitempty"`
}

type goldenEvent struct {
	EventID      string `json:"event_id"`
	Type         string `json:"type"`
	StoreID      string `json:"store_id"`
	ProductID    string `json:"product_id"`
	Quantity     int64  `json:"quantity"`
	OccurredAt   int64  `json:"occurred_at"`
	Adjusted     bool   `json:"adjusted,omitempty"`
	Source       string `json:"source"`
	OrderNumber  string `json:"order_number,omitempty"`
	Line         string `json:"line,omitempty"`
	UserID       string `json:"user_id,omitempty"`
	ClientID     string `json:"client_id,omitempty"`
	DepartmentID string `json:"department_id,omitempty"`
	Price        string `json:"price,omitempty"`
	Item         int    `json:"item"`
}

type goldenRefusal struct {
	Reason Reason `json:"reason"`
	Detail string `json:"detail"`
	Item   int    `json:"item"`
}

// TestGolden decodes testdata/golden/FORMAT_CASE/input.json, one message, or input.csv, a header
// and records. If there is a file named size, the message is padded with spaces to that many bytes.
func TestGolden(t *testing.T) {
	cases, err := filepath.Glob("testdata/golden/*")
	if err != nil || len(cases) == 0 {
		t.Fatalf("no golden files: %v", err)
	}
	seen := map[Reason]bool{}
	for _, dir := range cases {
		t.Run(filepath.Base(dir), func(t *testing.T) {
			got := goldenDecode(t, goldenMessages(t, dir))
			for _, r := range got.Refusals {
				seen[r.Reason] = true
			}
			text, err := json.MarshalIndent(got, "", "  ")
			if err != nil {
				t.Fatal(err)
			}
			text = append(text, '\n')
			golden := filepath.Join(dir, "want.json")
			if *update {
				if err := os.WriteFile(golden, text, 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if want := read(t, golden); !bytes.Equal(text, want) {
				t.Errorf("\n got %s\nwant %s", text, want)
			}
		})
	}
	for _, r := range []Reason{BadJSON, BadField, MissingField, BadID, BadTime, Future, UnknownType, TooLarge} {
		if !seen[r] {
			t.Errorf("no golden case for %s", r)
		}
	}
}

func goldenMessages(t *testing.T, dir string) []*Message {
	formats := map[string]Format{"unified": FormatUnified, "pos": FormatPOS, "ecom": FormatECOM, "wms": FormatWMS}
	name, _, _ := strings.Cut(filepath.Base(dir), "_")
	f, ok := formats[name]
	if !ok {
		t.Fatalf("unknown format %s", name)
	}
	if _, err := os.Stat(filepath.Join(dir, "input.json")); err == nil {
		m := message(f, string(read(t, filepath.Join(dir, "input.json"))))
		if size, err := os.ReadFile(filepath.Join(dir, "size")); err == nil {
			n, err := strconv.Atoi(strings.TrimSpace(string(size)))
			if err != nil {
				t.Fatal(err)
			}
			m.Data = append(m.Data, bytes.Repeat([]byte(" "), n-len(m.Data))...)
		}
		return []*Message{m}
	}
	lines := bytes.Split(bytes.TrimSuffix(read(t, filepath.Join(dir, "input.csv")), []byte("\n")), []byte("\n"))
	columns, err := ParseCSVHeader(lines[0])
	if err != nil {
		t.Fatal(err)
	}
	var ms []*Message
	for i, line := range lines[1:] {
		ms = append(ms, &Message{Channel: FILE, Format: f, Data: line, Columns: columns, File: "input.csv",
			Line: int64(i + 2)})
	}
	return ms
}

func goldenDecode(t *testing.T, ms []*Message) goldenWant {
	want := goldenWant{Events: []goldenEvent{}, Refusals: []goldenRefusal{}}
	var d Decoder
	var out Decoded
	for _, m := range ms {
		d.Decode(m, testNow, true, &out)
		for _, e := range slices.Clone(out.Events) {
			if err := checkEvent(&e, m); err != nil {
				t.Error(err)
			}
			want.Events = append(want.Events, goldenEvent{e.ID, e.Type.String(), e.StoreID, e.ProductID, e.Quantity,
				e.OccurredAt, e.Adjusted,
				e.Source.String(), e.OrderNumber, e.Line, e.UserID, e.ClientID, e.DepartmentID, e.Price, e.Item})
		}
		for _, r := range out.Refusals {
			want.Refusals = append(want.Refusals, goldenRefusal(r))
		}
		want.Ignored += out.Ignored
		want.Prices += out.UnreadablePrices
	}
	return want
}

func read(t testing.TB, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return b
}
