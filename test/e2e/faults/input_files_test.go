package faults

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/beamlytics/streamlytics/event"
	"github.com/beamlytics/streamlytics/test/rig"
	"github.com/beamlytics/streamlytics/test/truth"
)

// csvHeader names the columns of a CSV file of the warehouse's; csvGood is a sound record, <id> and <at> its own.
const (
	csvHeader = "event_id,type,store_id,product_id,count,timestamp"
	csvGood   = "<id>,RECEIPT,7,csv,6,<at>"
)

// csvBad are cells that do not belong into their column.
var csvBad = map[string][]bad{
	"<id>":    join(all(event.MissingField, ""), all(event.BadID, strings.Repeat("x", 257))),
	"RECEIPT": all(event.UnknownType, "GIFT", "SALE"),
	"7":       join(all(event.MissingField, ""), all(event.BadID, " a", "a\u200b", "global", "7.0", strings.Repeat("x", 129))),
	"csv":     join(all(event.MissingField, ""), all(event.BadID, "a\u200b", "0", "12.0", "4.00638E+12", `" "`)),
	"6":       join(all(event.MissingField, ""), all(event.BadField, "six", "2.5", "1.000", "1000000001", "1e30")),
	"<at>":    join(all(event.MissingField, ""), all(event.BadTime, "yesterday", "2026-11-23", "0"), all(event.Future, "2999-01-01T00:00:00Z")),
}

// TestPoisonInFiles is TestPoison for files: unified events, and stock of the warehouse's as JSON lines and as CSV.
func TestPoisonInFiles(t *testing.T) {
	s := newScenario(t, "poison in every field of files", setup{})
	s.truth = truth.NewLedger()
	want := map[letter]string{}
	at := rig.Now() - 30*60_000
	lines := map[string][]string{"stock.csv": {csvHeader}}
	n := 0
	id := func() string { n++; return fmt.Sprint("line", n) }
	for _, f := range forms() {
		file := "events.jsonl"
		if strings.HasPrefix(f.name, "WMS") {
			file = "stock.jsonl"
		} else if !strings.HasPrefix(f.name, "unified") {
			continue // comes over Pub/Sub only
		}
		text, events := f.message(id(), at, nil, "")
		lines[file] = append(lines[file], text)
		s.truth.Add(events...)
		for i := range f.fields {
			x := &f.fields[i]
			for _, b := range x.bad {
				text, events := f.message(id(), at, x, b.value)
				lines[file] = append(lines[file], text)
				s.truth.Add(events...)
				want[letter{text, b.reason, x.item}] = fmt.Sprintf("%s, %s = %.60s", f.name, x.name, b.value)
			}
		}
	}
	record := func(cell, value string) string {
		text := strings.Replace(csvGood, cell, value, 1)
		return strings.NewReplacer("<id>", id(), "<at>", fmt.Sprint(at)).Replace(text)
	}
	for cell, list := range csvBad {
		for _, b := range list {
			text := record(cell, b.value)
			lines["stock.csv"] = append(lines["stock.csv"], text)
			want[letter{text, b.reason, whole}] = fmt.Sprintf("CSV, %s = %.60s", cell, b.value)
		}
	}
	for about, text := range map[string]string{"too few cells": "a,RECEIPT,7", "too many cells": "a,RECEIPT,7,csv,6,1,1,1", "an open quote": `"a,RECEIPT,7,csv,6,1`} {
		lines["stock.csv"] = append(lines["stock.csv"], text)
		want[letter{text, event.BadJSON, whole}] = about
	}
	lines["stock.csv"] = append(lines["stock.csv"], record("", ""))
	s.truth.Add(truth.Event{ID: fmt.Sprint("line", n), Type: "RECEIPT", Store: "7", Product: "csv", Quantity: 6, OccurredAt: at})
	dir := t.TempDir()
	for name, l := range lines {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(strings.Join(l, "\n")+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("%d poisoned lines", len(want))
	s.launch.Flags = []string{"--redis_addrs=" + s.link.Addr, "--events_files=" + filepath.Join(dir, "events.jsonl"), "--wms_files=" + filepath.Join(dir, "stock.*")}
	s.start()
	if exit, err := s.process.Wait(patience); err != nil || exit != (rig.Exit{}) {
		t.Errorf("%v, %v\n%s", exit, err, s.process.Log())
	}
	s.refused(want)
	s.log(rig.Outcome{Fault: s.fault, Lost: s.check().Total().Count()})
}
