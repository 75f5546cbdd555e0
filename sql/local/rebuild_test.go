package local

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/beamlytics/streamlytics/internal/clock"
	"github.com/beamlytics/streamlytics/sinks/rows"
	"github.com/beamlytics/streamlytics/test/truth"
	"github.com/beamlytics/streamlytics/transforms/stock"
)

var rebuiltAt = time.Date(2026, 11, 27, 12, 0, 0, 0, time.UTC)

// rebuiltLines returns the lines that Rebuild makes of an archive.
func rebuiltLines(t *testing.T, dir string, at time.Time) []byte {
	t.Helper()
	w, err := Open(t.Context(), dir, clock.Clock{})
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	var lines bytes.Buffer
	if err := w.Rebuild(t.Context(), &lines, at, rebuildHorizon); err != nil {
		t.Fatal(err)
	}
	return lines.Bytes()
}

// rebuilt reads the events that Rebuild makes of an archive, by store.
func rebuilt(t *testing.T, dir string, at time.Time) map[string][]truth.Event {
	t.Helper()
	events := map[string][]truth.Event{}
	for d := json.NewDecoder(bytes.NewReader(rebuiltLines(t, dir, at))); d.More(); {
		var a archived
		if err := d.Decode(&a); err != nil {
			t.Fatal(err)
		}
		events[a.StoreID] = append(events[a.StoreID], a.event())
	}
	return events
}

// archiveOf writes the archive of keepers.
func archiveOf(t *testing.T, keepers ...*keeper) string {
	t.Helper()
	var events, letters strings.Builder
	for _, k := range keepers {
		events.Write(k.archived().Lines(rows.Events))
		letters.Write(k.archived().Lines(rows.DeadLetters))
	}
	dir := archive(t, string(rows.Events), strings.TrimSuffix(events.String(), "\n"))
	archiveIn(t, dir, string(rows.DeadLetters), strings.TrimSuffix(letters.String(), "\n"))
	return dir
}

// TestRebuild makes random histories and an archive of each, rebuilds their keys from it, and lets
// the first and the rebuilt key take the same further events. Both must hold the same stock and the
// same demand, which the model makes of the events that the first accepted. Then it rebuilds the
// keys once more, from the archive of both.
func TestRebuild(t *testing.T) {
	const keys = 4000
	histories, firsts := make([]*history, keys), make([]*keeper, keys)
	verdicts := map[stock.Verdict]int{}
	for i := range histories {
		h, k := newHistory(i, rebuiltAt.UnixMilli(), i%3 == 0), &keeper{}
		for _, a := range h.before {
			k.take(a)
		}
		for v, n := range k.verdicts {
			verdicts[v] += n
		}
		histories[i], firsts[i] = h, k
	}
	for _, v := range []stock.Verdict{stock.Accepted, stock.Repeated, stock.Reused, stock.ResetTooOld, stock.TooLate} {
		if verdicts[v] < 20 {
			t.Errorf("%d events have the verdict %v: the histories prove nothing about it", verdicts[v], v)
		}
	}
	events := rebuilt(t, archiveOf(t, firsts...), rebuiltAt)

	later := rebuiltAt.UnixMilli() + laterMs
	seconds := make([]*keeper, keys)
	both := make([]*keeper, 0, 2*keys)
	for i, h := range histories {
		first := *firsts[i]
		both = append(both, &keeper{rows: first.rows})
		first.rows = nil
		for _, a := range h.after {
			first.take(a)
		}
		seconds[i] = h.replace(events[h.store])
		both = append(both, seconds[i])
		if err := agreeWith(&first, seconds[i], later); err != nil && !h.meetsLimit(events[h.store]) {
			t.Fatalf("key %d: %v\n%v", i, err, h.explain(&first, events[h.store]))
		}
		if err := agreeWithModel(&first); err != nil {
			t.Fatalf("key %d: %v", i, err)
		}
	}

	again := time.UnixMilli(later).Add(3 * 24 * time.Hour)
	events = rebuilt(t, archiveOf(t, both...), again)
	for i, h := range histories {
		third := &keeper{}
		for _, e := range events[h.store] {
			third.take(arrival{event: e, at: again.UnixMilli()})
		}
		if err := agreeWith(seconds[i], third, again.UnixMilli()); err != nil {
			t.Fatalf("key %d, rebuilt again: %v\n%v", i, err, h.explain(seconds[i], events[h.store]))
		}
	}
}

// replace is the key of a pipeline that starts from empty state, and reads the rebuilt events
// beside what arrives, in any order.
func (h *history) replace(events []truth.Event) *keeper {
	k := &keeper{}
	order := rand.New(rand.NewPCG(uint64(len(events)), 2))
	order.Shuffle(len(events), func(i, j int) { events[i], events[j] = events[j], events[i] })
	now := h.rebuiltAt
	for left := h.after; len(left)+len(events) > 0; {
		if n := order.IntN(len(left) + len(events)); n < len(left) {
			now = left[0].at
			k.take(left[0])
			left = left[1:]
		} else {
			k.take(arrival{event: events[0], at: now})
			events = events[1:]
		}
	}
	return k
}

func agreeWith(first, second *keeper, nowMs int64) error {
	a, b := &first.record, &second.record
	if a.OnHand() != b.OnHand() || a.Known() != b.Known() || a.HasStock() != b.HasStock() {
		return fmt.Errorf("stock %d (known %t, a key %t), rebuilt %d (known %t, a key %t)",
			a.OnHand(), a.Known(), a.HasStock(), b.OnHand(), b.Known(), b.HasStock())
	}
	if x, y := first.demand(nowMs-dayMs), second.demand(nowMs-dayMs); !maps.Equal(x, y) {
		return fmt.Errorf("demand %v, rebuilt %v", x, y)
	}
	return nil
}

func agreeWithModel(k *keeper) error {
	for _, r := range truth.Stock(k.accepted) {
		if r.OnHand != k.record.OnHand() || r.Known != k.record.Known() {
			return fmt.Errorf("stock %d (known %t), the model has %+v", k.record.OnHand(), k.record.Known(), r)
		}
	}
	return nil
}

// meetsLimit reports whether a count at the very time of the fold point arrives after the rebuild
// of a key that was below 0 there. It does not replace the RECEIPT of what was below 0;
// sql/rebuild.sql states this limit.
func (h *history) meetsLimit(events []truth.Event) bool {
	tie := func(a arrival) bool { return a.event.Type == "RESET" && a.event.OccurredAt == h.foldAt() }
	below := func(e truth.Event) bool { return strings.HasSuffix(e.ID, " below 0") }
	return slices.ContainsFunc(h.after, tie) && slices.ContainsFunc(events, below)
}

func (h *history) explain(k *keeper, events []truth.Event) string {
	var b strings.Builder
	list := func(name string, events []truth.Event) {
		fmt.Fprintln(&b, name)
		for _, e := range events {
			fmt.Fprintf(&b, "  %-8s %q %d at fold%+d\n", e.Type, e.ID, e.Quantity, e.OccurredAt-h.foldAt())
		}
	}
	var before, after []truth.Event
	for _, a := range h.before {
		before = append(before, a.event)
	}
	for _, a := range h.after {
		after = append(after, a.event)
	}
	list("arrived before", before)
	list("arrived after", after)
	list("accepted by the first", k.accepted)
	list("rebuilt", events)
	return b.String()
}

// TestRebuildDropsWhatIsLater: an event from before the fold point that arrives after the rebuild
// is in the barrier there, or is dropped by it.
func TestRebuildDropsWhatIsLater(t *testing.T) {
	h := &history{store: "s", rebuiltAt: rebuiltAt.UnixMilli()}
	e := func(id, kind string, quantity, sinceFold int64) arrival {
		at := h.foldAt() + sinceFold
		e := truth.Event{ID: id, Type: kind, Store: h.store, Product: "p", Quantity: quantity, OccurredAt: at}
		return arrival{event: e, at: at, message: id}
	}
	first := &keeper{}
	sold := e("sold", "SALE", 3, -hourMs)
	for _, a := range []arrival{e("counted", "RESET", 20, -2*dayMs), sold, e("received", "RECEIPT", 5, hourMs)} {
		first.take(a)
	}
	second := &keeper{}
	for _, event := range rebuilt(t, archiveOf(t, first), rebuiltAt)[h.store] {
		second.take(arrival{event: event, at: h.rebuiltAt})
	}
	for _, late := range []arrival{sold, e("late", "SALE", 1, -hourMs), e("late count", "RESET", 1, -hourMs)} {
		late.at = h.rebuiltAt + hourMs
		if out := second.take(late); out.Verdict != stock.Accepted || out.Dropped != (late.event.Type == "SALE") {
			t.Errorf("%s: %+v", late.event.ID, out)
		}
	}
	if onHand, barrier := second.record.OnHand(), second.record.BarrierMs(); onHand != 22 || barrier != h.foldAt() {
		t.Errorf("stock %d with a barrier at %d, want 22 and %d", onHand, barrier, h.foldAt())
	}
}

// TestRebuildOfAnAdjustedCount: a count that was published twice, ahead of its time, has two times
// and is one count.
func TestRebuildOfAnAdjustedCount(t *testing.T) {
	for name, since := range map[string]time.Duration{
		"before the fold point": -10 * 24 * time.Hour, "since the fold point": -24 * time.Hour,
	} {
		row := func(id, kind string, quantity int, at, ingested time.Duration) string {
			text := func(d time.Duration) string { return rebuiltAt.Add(since + d).Format("2006-01-02T15:04:05.000Z") }
			return fmt.Sprintf(`{"event_id":%q,"type":%q,"store_id":"s","product_id":"p","source":"WMS","quantity":%d,`+
				`"occurred_at":%q,"ingested_at":%q}`, id, kind, quantity, text(at), text(ingested))
		}
		dir := archive(t, string(rows.Events),
			row("count", "RESET", 10, 2*time.Second, 5*time.Second), // published again, and adjusted to that time
			row("count", "RESET", 10, 0, 0),
			row("sale", "SALE", 1, time.Second, 2*time.Second))
		results := truth.Stock(rebuilt(t, dir, rebuiltAt)["s"])
		if r := results[truth.Key{Store: "s", Product: "p"}]; r.OnHand != 9 || !r.Known || len(results) != 1 {
			t.Errorf("%s: %+v, want 9", name, results)
		}
	}
}

// TestRebuildInGoogleSQL runs the query over a few histories in the reference implementation of
// BigQuery's dialect. It must give the rows that DuckDB gives, and must be valid in the statement
// with which launch_dataflow.sh exports them.
func TestRebuildInGoogleSQL(t *testing.T) {
	keepers := telling()
	w, err := Open(t.Context(), archiveOf(t, keepers...), clock.Clock{})
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	query, err := rebuild()
	if err != nil {
		t.Fatal(err)
	}
	asked := work{Tables: map[rows.Table]workTable{}}
	for _, table := range []rows.Table{rows.Events, rows.DeadLetters} {
		asked.Tables[table] = workTable{Columns: table.Columns(), Rows: w.export(t, table)}
	}
	const hours = int64(rebuildHorizon / time.Hour)
	parameters := map[string]workParameter{
		"at": {"TIMESTAMP", rebuiltAt.Format(time.RFC3339Nano)}, "horizon_hours": {"INT64", hours},
	}
	const export = "EXPORT DATA OPTIONS (uri = 'gs://b/events-*.json.gz', format = 'JSON') AS\n"
	asked.Statements = []workStatement{
		{Name: "query", SQL: query.SQL, Query: true, Parameters: parameters},
		{Name: "export", SQL: export + query.SQL, Parameters: parameters},
	}
	answers := ask(t, asked)
	for _, s := range asked.Statements {
		if a, ok := answers[s.Name]; !ok || a.Error != "" {
			t.Fatalf("%s: %s (%t)", s.Name, a.Error, ok)
		}
	}
	duck, err := w.Run(t.Context(), query, map[string]any{"at": rebuiltAt, "horizon_hours": hours})
	if err != nil {
		t.Fatal(err)
	}
	if len(duck.Rows) < len(keepers) {
		t.Errorf("%d rows of %d keys", len(duck.Rows), len(keepers))
	}
	if err := agree(Result{Columns: answers["query"].Columns, Rows: answers["query"].Rows}, duck); err != nil {
		t.Errorf("GoogleSQL and DuckDB: %v", err)
	}
}

// telling makes a few short histories, one for each verdict, kind of source and kind of key: the
// reference implementation is exact, not fast.
func telling() (keepers []*keeper) {
	const longest, tried = 20, 2000
	told := map[string]bool{}
	for i := range tried {
		h, k := newHistory(i, rebuiltAt.UnixMilli(), i%3 == 0), &keeper{}
		if len(h.before) > longest {
			continue
		}
		for _, a := range h.before {
			k.take(a)
		}
		before := len(told)
		for v := range k.verdicts {
			told[fmt.Sprint(v, h.fromFile, h.counted)] = true
		}
		if len(told) > before {
			keepers = append(keepers, k)
		}
	}
	return keepers
}
