package pipeline

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/beamlytics/streamlytics/event"
)

// receipts is a CSV header; receipt adds a line to it.
const receipts = "event_id,store_id,product_id,timestamp,count\n"

func receipt(id, product, count string) string {
	return id + ",1," + product + ",2026-11-23T10:00:00Z," + count + "\n"
}

// stock waits until a product of store 1 has an on-hand.
func (h *harness) stock(product, want string) {
	h.t.Helper()
	until(h.t, product+" has "+want, func() bool { v, _ := h.get("stock:1:" + product); return v == want })
}

// TestFilesInTheWild reads once what spreadsheets, tills and broken transfers make of files. Each
// line that is no record is a dead letter, and so is each file that is no text or is cut short.
func TestFilesInTheWild(t *testing.T) {
	h := newHarness(t)
	h.options.POSSubscription, h.options.ECOMSubscription, h.options.WMSSubscription = "", "", ""
	dir := t.TempDir()
	files := map[string]string{
		"cr.csv": "\ufeff" + strings.ReplaceAll(receipts+receipt("r1", "cr", "5")+receipt("r2", "cr", "2"),
			"\n", "\r"),
		"bom.txt": "\ufeff" +
			`{"event_id":"r3","store_id":1,"sku":"bom","count":3,"timestamp":"2026-11-23T10:00:00Z"}`,
		"header.csv": receipts,
		"lines.csv":  receipt("r4", "lines", "4") + receipt("r5", "lines", "4"),
		"utf16.csv": "\xff\xfe" + strings.Join(strings.Split(receipts+receipt("r6", "utf16", "6"), ""), "\x00") +
			"\x00",
		"book.xlsx":  "PK\x03\x04\x14\x00" + strings.Repeat("rows\n", 1000),
		"cut.csv.gz": gzipped(t, receipts+strings.Repeat(receipt("r7", "cut", "7"), 20_000))[:500],
	}
	for name, content := range files {
		write(t, filepath.Join(dir, name), content)
	}
	h.options.WMSFiles = filepath.Join(dir, "*")
	s := h.start()
	if err := s.wait(); err != nil {
		t.Fatal(err)
	}
	for product, want := range map[string]string{"cr": "7", "bom": "3", "cut": "7"} {
		if v, _ := h.get("stock:1:" + product); v != want {
			t.Errorf("%s has %s, want %s", product, v, want)
		}
	}
	letters := map[string][]string{}
	for _, l := range h.deadLetters() {
		if l.Reason != "BAD_JSON" || l.Source != "FILE" || l.Stage != "decode" || len(l.Raw) > 4096 {
			t.Errorf("a dead letter is %s of %s in %s with %d bytes", l.Reason, l.Source, l.Stage, len(l.Raw))
		}
		for name := range files {
			if strings.Contains(l.Detail, filepath.Join(dir, name)+":") {
				letters[name] = append(letters[name], l.Detail)
			}
		}
	}
	for name, want := range map[string][]string{"lines.csv": {"store_id", "store_id"}, "utf16.csv": {"UTF-16"},
		"book.xlsx": {"zip"}, "cut.csv.gz": {"cut short"}} {
		got := letters[name]
		if len(got) != len(want) {
			t.Errorf("%s: dead letters %q, want %d", name, got, len(want))
			continue
		}
		for i := range want {
			if !strings.Contains(got[i], want[i]) {
				t.Errorf("%s: dead letter %q does not name %q", name, got[i], want[i])
			}
		}
		delete(letters, name)
	}
	if len(letters) > 0 {
		t.Errorf("more dead letters: %q", letters)
	}
}

// TestWatchedFilesThatChange replaces a file under its name, and appends to one that ends within a
// number.
func TestWatchedFilesThatChange(t *testing.T) {
	h := newHarness(t)
	dir := t.TempDir()
	h.options.WMSFiles, h.options.WMSFilesPoll, h.options.WMSFilesSettle = filepath.Join(dir, "*.csv"),
		20*time.Millisecond, time.Hour
	r := h.start()
	put := func(content string) {
		write(t, filepath.Join(dir, "new"), content)
		if err := os.Rename(filepath.Join(dir, "new"), filepath.Join(dir, "same.csv")); err != nil {
			t.Fatal(err)
		}
	}
	put(receipts + receipt("n1", "same", "5"))
	h.stock("same", "5")
	put(receipts + receipt("n2", "same", "2"))
	h.stock("same", "7")

	first := receipts + receipt("u1", "seen", "1")
	write(t, filepath.Join(dir, "slow.csv"), first+strings.TrimSuffix(receipt("u2", "slow", "1"), "\n"))
	h.stock("seen", "1")
	f, err := os.OpenFile(filepath.Join(dir, "slow.csv"), os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteString("25\n" + receipt("u3", "seen", "2")); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	h.stock("seen", "3")
	h.stock("slow", "125")
	if s := r.stop(); s.Duplicates != 0 || len(s.Refused) != 0 {
		t.Errorf("%d repetitions, refused %v", s.Duplicates, s.Refused)
	}
}

// TestWatchedFilesThatSettle checks that a last line needs no end once its file has settled, and
// that a gzip that is still cut short then is refused.
func TestWatchedFilesThatSettle(t *testing.T) {
	h := newHarness(t)
	dir := t.TempDir()
	h.options.WMSFiles, h.options.WMSFilesPoll, h.options.WMSFilesSettle = filepath.Join(dir, "*"),
		20*time.Millisecond, 50*time.Millisecond
	r := h.start()
	write(t, filepath.Join(dir, "a.csv"), receipts+strings.TrimSuffix(receipt("r1", "whole", "5"), "\n"))
	write(t, filepath.Join(dir, "b.csv.gz"), gzipped(t, receipts+receipt("r2", "cut", "6"))[:40])
	h.stock("whole", "5")
	until(t, "the gzip is refused", func() bool {
		paths, err := filepath.Glob(filepath.Join(h.options.WarehouseDir, "dead_letters", "*.jsonl"))
		if err != nil || len(paths) == 0 {
			return false
		}
		info, err := os.Stat(paths[0])
		return err == nil && info.Size() > 0
	})
	r.stop()
	if letters := h.deadLetters(); len(letters) != 1 || letters[0].Reason != "BAD_JSON" ||
		!strings.Contains(letters[0].Detail, "b.csv.gz") {
		t.Errorf("dead letters: %+v", letters)
	}
}

// TestLongLine checks that a very long line is a dead letter with its beginning, that no more of it
// is read into memory, and that the lines around it count.
func TestLongLine(t *testing.T) {
	h := newHarness(t)
	file := filepath.Join(t.TempDir(), "events.jsonl")
	sale := `{"event_id":"%d","type":"SALE","store_id":"1","product_id":"1","quantity":1,` +
		`"occurred_at":1795778500000}` + "\n"
	write(t, file, fmt.Sprintf(sale, 1)+strings.Repeat("x", 20<<20)+"\n"+fmt.Sprintf(sale, 2))
	h.options.POSSubscription, h.options.ECOMSubscription, h.options.WMSSubscription = "", "", ""
	h.options.EventsFiles = file
	h.options.ClockOrigin = "2026-11-27T12:00:00Z"
	runToEnd(t, h.options)
	letters := h.deadLetters()
	if len(letters) != 1 || letters[0].Reason != event.TooLarge || len(letters[0].Raw) != 16<<20 ||
		!strings.Contains(letters[0].Detail, fmt.Sprint(20<<20)) || !strings.Contains(letters[0].Detail, file+":2") {
		t.Fatalf("%d dead letters", len(letters))
	}
	if got, _ := h.get("stock:1:1"); got != "-2" {
		t.Errorf("stock %s, want -2", got)
	}
}
