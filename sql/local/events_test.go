package local

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/beamlytics/streamlytics/sinks/rows"
	"github.com/beamlytics/streamlytics/test/truth"
)

// archived is what the tests need of a row, read without the code under test.
type archived struct {
	EventID    string    `json:"event_id"`
	Type       string    `json:"type"`
	StoreID    string    `json:"store_id"`
	ProductID  string    `json:"product_id"`
	Quantity   int64     `json:"quantity"`
	Price      *float64  `json:"price"`
	Source     string    `json:"source"`
	OccurredAt time.Time `json:"occurred_at"`
	IngestedAt time.Time `json:"ingested_at"`

	Scope   string    `json:"scope"`
	OnHand  int64     `json:"on_hand"`
	Version int64     `json:"version"`
	Known   bool      `json:"known"`
	AsOf    time.Time `json:"as_of"`
}

func (a archived) key() key { return key{a.StoreID, a.ProductID} }

func (a archived) event() truth.Event {
	return truth.Event{ID: a.EventID, Type: a.Type, Store: a.StoreID, Product: a.ProductID, Quantity: a.Quantity, OccurredAt: a.OccurredAt.UnixMilli()}
}

// rows reads a table from its files.
func (d *day) rows(t *testing.T, name rows.Table) (rows []archived) {
	t.Helper()
	for _, line := range d.lines(t, name) {
		var a archived
		if err := json.Unmarshal(line, &a); err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		rows = append(rows, a)
	}
	return rows
}

// lines are the rows of a table as they were written.
func (d *day) lines(t *testing.T, name rows.Table) (rows [][]byte) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(d.dir, string(name), "*.jsonl"))
	if err != nil || len(files) == 0 {
		t.Fatalf("table %s has no rows (%v)", name, err)
	}
	for _, path := range files {
		f, err := os.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewScanner(f)
		lines.Buffer(nil, 16<<20) // a message of 1 MiB, twice, escaped
		for lines.Scan() {
			rows = append(rows, bytes.Clone(lines.Bytes()))
		}
		if err := lines.Err(); err != nil {
			t.Fatal(err)
		}
		f.Close()
	}
	return rows
}

// events are the archived events, each identity once, by the first that was written.
func (d *day) events(t *testing.T) (unique []archived) {
	t.Helper()
	all := d.rows(t, rows.Events)
	slices.SortStableFunc(all, func(a, b archived) int { return a.IngestedAt.Compare(b.IngestedAt) })
	seen := map[[3]string]bool{}
	for _, a := range all {
		a.IngestedAt = time.UnixMilli(d.clock.AtWall(a.IngestedAt)).UTC()
		if id := [3]string{a.StoreID, a.ProductID, a.EventID}; !seen[id] {
			seen[id] = true
			unique = append(unique, a)
		}
	}
	return unique
}

// knownStock are the stock signals of stores whose stock is known, in order and each version once, by key.
func (d *day) knownStock(t *testing.T) map[key][]archived {
	t.Helper()
	signals := map[key][]archived{}
	for _, a := range d.rows(t, rows.StockChanges) {
		if a.Scope == "store" && a.Known {
			signals[a.key()] = append(signals[a.key()], a)
		}
	}
	for k, s := range signals {
		slices.SortFunc(s, func(a, b archived) int { return cmp.Or(cmp.Compare(a.Version, b.Version), a.AsOf.Compare(b.AsOf)) })
		signals[k] = slices.CompactFunc(s, func(a, b archived) bool { return a.Version == b.Version })
	}
	return signals
}
