package local

import (
	"encoding/json"
	"math"
	"testing"
	"time"

	"github.com/beamlytics/streamlytics/event"
	"github.com/beamlytics/streamlytics/sinks/rows"
	"github.com/beamlytics/streamlytics/test/truth"
)

// TestAnalyses plays a day of trade through the pipeline, and holds what every analysis says of it against what the retailer
// knows, or what the slow and obvious way finds in the rows.
func TestAnalyses(t *testing.T) {
	d := play(t)
	w, err := Open(t.Context(), d.dir, d.clock)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	d.checkComplete(t)
	w.writeAgain(t) // what is written at least once must count once
	for name, check := range map[string]func(*testing.T, *Warehouse){
		"views":             d.checkViews,
		"sell_through":      d.checkSellThrough,
		"stock_outs":        d.checkStockOuts,
		"lost_sales":        d.checkLostSales,
		"oversells":         d.checkOversells,
		"count_corrections": d.checkCountCorrections,
		"late_movements":    d.checkLateMovements,
		"refusals":          d.checkRefusals,
		"freshness":         d.checkFreshness,
		"low_stock_audit":   d.checkLowStockAudit,
		"high_demand_audit": d.checkHighDemandAudit,
		"googlesql":         d.checkGoogleSQL,
	} {
		t.Run(name, func(t *testing.T) { check(t, w) })
	}
}

// checkComplete anchors the archived events: they are those that the retailer sent, and make the stock that it knows.
func (d *day) checkComplete(t *testing.T) {
	t.Helper()
	sold, archive := d.world.Truth(), truth.NewLedger()
	counts := map[string]int64{}
	for _, a := range d.events(t) {
		archive.Add(a.event())
		if a.StoreID != outlet {
			counts[a.Type]++
		}
	}
	for kind, n := range sold.Tally.Events {
		if counts[kind] != n {
			t.Errorf("%d events of type %v are archived, the retailer sent %d", counts[kind], kind, n)
		}
	}
	stock := archive.Stock()
	for key, want := range sold.Ledger.Stock() {
		if stock[key] != want {
			t.Errorf("the archived events make %+v of %v, the truth is %+v", stock[key], key, want)
		}
		got, _ := archive.Velocity(key, d.to.UnixMilli())
		if want, _ := sold.Ledger.Velocity(key, d.to.UnixMilli()); got.UnitsDay != want.UnitsDay {
			t.Errorf("of %v, %v units are archived, the retailer sold %v", key, got.UnitsDay, want.UnitsDay)
		}
	}
}

// writeAgain writes a part of all rows a second time, as happens after a failure. An event's row is then made anew.
func (w *Warehouse) writeAgain(t *testing.T) {
	t.Helper()
	for _, table := range rows.Tables {
		what := "*"
		if table == rows.Events {
			what = "* REPLACE (ingested_at + INTERVAL 4 SECOND AS ingested_at)"
		}
		if _, err := w.db.ExecContext(t.Context(), "INSERT INTO "+string(table)+" SELECT "+what+" FROM "+string(table)+" USING SAMPLE 10% (bernoulli, 1)"); err != nil {
			t.Fatal(err)
		}
	}
}

func (d *day) checkViews(t *testing.T, w *Warehouse) {
	count := func(query string) int64 {
		t.Helper()
		r, err := w.query(t.Context(), query)
		if err != nil {
			t.Fatal(err)
		}
		return r.Rows[0][0].(int64)
	}
	for _, table := range rows.Tables {
		want := d.identities(t, table)
		if got := count("SELECT count(*) FROM " + string(table) + "_unique"); got != want {
			t.Errorf("%s_unique has %d rows, want %d", table, got, want)
		}
		if got := count("SELECT count(*) FROM " + string(table)); got <= want {
			t.Errorf("%s has %d rows, so none was written again", table, got)
		}
	}
	d.checkCurrentStock(t, w)
	d.checkCurrentVelocity(t, w)
}

// identity names the columns that identify a row of a table (docs/WAREHOUSE.md). All columns identify a dead letter.
var identity = map[rows.Table][]string{
	rows.Events:          {"store_id", "product_id", "event_id"},
	rows.StockChanges:    {"scope", "store_id", "product_id", "version"},
	rows.VelocitySignals: {"scope", "store_id", "product_id", "as_of"},
	rows.BadgeChanges:    {"badge", "scope", "store_id", "product_id", "changed_at"},
}

// identities counts the rows of a table that have different identities.
func (d *day) identities(t *testing.T, table rows.Table) int64 {
	t.Helper()
	seen := map[string]bool{}
	for _, line := range d.lines(t, table) {
		id := string(line)
		if columns := identity[table]; columns != nil {
			var r map[string]json.RawMessage
			if err := json.Unmarshal(line, &r); err != nil {
				t.Fatal(err)
			}
			id = ""
			for _, c := range columns {
				id += string(r[c]) + " "
			}
		}
		seen[id] = true
	}
	return int64(len(seen))
}

func (d *day) checkCurrentStock(t *testing.T, w *Warehouse) {
	t.Helper()
	r, err := w.query(t.Context(), "SELECT store_id, product_id, on_hand, known FROM current_stock WHERE scope = 'store' AND store_id <> '"+outlet+"'")
	if err != nil {
		t.Fatal(err)
	}
	rows, stock := tableOf(r), d.world.Truth().Ledger.Stock()
	if len(rows) != len(stock) {
		t.Errorf("current_stock has %d rows of stores, want %d", len(rows), len(stock))
	}
	for _, r := range rows {
		k := r.key()
		want, ok := stock[truth.Key{Store: k.store, Product: k.product}]
		if !ok || r["on_hand"] != want.OnHand || r["known"] != want.Known {
			t.Errorf("current_stock has %v, the truth is %+v, %t", r, want, ok)
		}
	}
}

// checkCurrentVelocity holds the view against Redis. Keys whose last event is a day old go from Redis by themselves.
func (d *day) checkCurrentVelocity(t *testing.T, w *Warehouse) {
	t.Helper()
	r, err := w.query(t.Context(), "SELECT store_id, product_id, message, badge FROM current_velocity")
	if err != nil {
		t.Fatal(err)
	}
	said := map[string]row{}
	for _, r := range tableOf(r) {
		k := r.key()
		said[truth.Key{Store: k.store, Product: k.product}.VelocityName()] = r
	}
	if len(d.velocity) == 0 || len(d.velocity) > len(said) {
		t.Fatalf("%d velocity keys in Redis, %d in current_velocity", len(d.velocity), len(said))
	}
	for k, served := range d.velocity {
		if v := decodeVelocity(t, served); said[k] == nil || said[k]["message"] != v.Message || (said[k]["badge"] != nil) != (v.Badge != nil) {
			t.Errorf("Redis has %s, current_velocity %v", served, said[k])
		}
	}
}

func (d *day) checkSellThrough(t *testing.T, w *Warehouse) {
	// The period begins right behind a look, so that the stock with which it begins is known.
	first := d.looks[len(d.looks)/2]
	from, to := first.at.Add(time.Millisecond), d.from.Add(24*time.Hour)
	type sums struct{ sold, returned, received int64 }
	want := map[key]sums{}
	for _, a := range d.events(t) {
		if a.OccurredAt.Before(from) || !a.OccurredAt.Before(to) || a.Type != "SALE" && a.Type != "RECEIPT" {
			continue
		}
		s := want[a.key()]
		switch {
		case a.Type == "RECEIPT":
			s.received += a.Quantity
		case a.Quantity < 0:
			s.returned -= a.Quantity
			fallthrough
		default:
			s.sold += a.Quantity
		}
		want[a.key()] = s
	}
	rows := d.run(t, w, "sell_through", from, to)
	if len(rows) != len(want) || len(rows) == 0 {
		t.Fatalf("%d rows, want %d", len(rows), len(want))
	}
	opened := 0
	for _, r := range rows {
		if got := (sums{r["units_sold"].(int64), r["units_returned"].(int64), r["units_received"].(int64)}); got != want[r.key()] {
			t.Errorf("%v, want %+v", r, want[r.key()])
		}
		if r.key().store == outlet {
			continue
		}
		opening, known := first.stock[r.key()]
		if !known {
			continue
		}
		opened++
		if r["opening_on_hand"] != opening || r["available"] != opening+want[r.key()].received {
			t.Errorf("%v, the stock was %d when the period began", r, opening)
		}
		if available := r["available"].(int64); available != 0 {
			if share := float64(want[r.key()].sold) / float64(available); math.Abs(r["sell_through"].(float64)-share) > 0.0001 {
				t.Errorf("%v, want a share of %f", r, share)
			}
		}
	}
	if opened == 0 {
		t.Error("no product had a known stock when the period began")
	}
}

func (d *day) checkOversells(t *testing.T, w *Warehouse) {
	want := map[key]int64{} // units short at worst
	end := map[key]int64{}
	for k, signals := range d.knownStock(t) {
		for _, s := range signals {
			want[k] = max(want[k], -s.OnHand)
			end[k] = s.OnHand
		}
		if want[k] == 0 {
			delete(want, k)
		}
	}
	rows := d.run(t, w, "oversells", d.from, d.to)
	if len(rows) != len(want) || len(rows) == 0 {
		t.Fatalf("%d rows, want %d", len(rows), len(want))
	}
	for _, r := range rows {
		k := r.key()
		if r["units_short_at_worst"] != want[k] || r["on_hand_at_end"] != end[k] || r["back_in_stock"] != (end[k] > 0) {
			t.Errorf("%v, want %d short and %d in the end", r, want[k], end[k])
		}
	}
}

// checkCountCorrections asks the oracle what the stock was before each count.
func (d *day) checkCountCorrections(t *testing.T, w *Warehouse) {
	byKey := map[key][]archived{}
	for _, a := range d.events(t) {
		if a.Type == "SALE" || a.Type == "RECEIPT" || a.Type == "RESET" {
			byKey[a.key()] = append(byKey[a.key()], a)
		}
	}
	rows := d.run(t, w, "count_corrections", d.from, d.to)
	said, wrong := map[[3]string]row{}, 0
	for _, r := range rows {
		said[[3]string{r.key().store, r.key().product, r["count_id"].(string)}] = r
	}
	counts := 0
	for k, events := range byKey {
		for _, count := range events {
			if count.Type != "RESET" || count.OccurredAt.Before(d.from) {
				continue
			}
			var before []truth.Event
			for _, e := range events {
				if e.OccurredAt.Before(count.OccurredAt) || e.Type == "RESET" && e.OccurredAt.Equal(count.OccurredAt) && e.EventID < count.EventID {
					before = append(before, e.event())
				}
			}
			books := truth.Stock(before)[truth.Key{Store: k.store, Product: k.product}]
			if !books.Known {
				continue
			}
			counts++
			r := said[[3]string{k.store, k.product, count.EventID}]
			if r == nil || r["expected"] != books.OnHand || r["counted"] != count.Quantity || r["correction"] != count.Quantity-books.OnHand {
				t.Errorf("%v of %s, the books had %d and %d were counted", r, count.EventID, books.OnHand, count.Quantity)
			}
			if count.Quantity != books.OnHand {
				wrong++
			}
		}
	}
	if len(rows) != counts || wrong == 0 {
		t.Errorf("%d rows, want %d; the books were wrong at %d counts", len(rows), counts, wrong)
	}
}

func (d *day) checkLateMovements(t *testing.T, w *Warehouse) {
	type group struct {
		store, source string
		day           time.Time
	}
	events, want := d.events(t), map[group]int64{}
	counts := map[key][]archived{}
	for _, a := range events {
		if a.Type == "RESET" {
			counts[a.key()] = append(counts[a.key()], a)
		}
	}
	for _, a := range events {
		if a.Type != "SALE" && a.Type != "RECEIPT" || a.OccurredAt.Before(d.from) {
			continue
		}
		for _, c := range counts[a.key()] {
			if c.OccurredAt.After(a.OccurredAt) && c.IngestedAt.Before(a.IngestedAt) {
				want[group{a.StoreID, a.Source, a.OccurredAt.Truncate(24 * time.Hour)}]++
				break
			}
		}
	}
	rows := d.run(t, w, "late_movements", d.from, d.to)
	outletRows := 0
	for _, r := range rows {
		if r["store_id"] == outlet {
			outletRows++
			if r["movements"] != int64(2) || r["units_sold"] != int64(3) || r["units_received"] != int64(5) || r["mean_minutes_late"].(float64) < 210 {
				t.Errorf("%v, want the outlet's sale and receipt from before its count", r)
			}
		}
		g := group{r["store_id"].(string), r["source"].(string), r["day"].(time.Time)}
		if r["movements"] != want[g] {
			t.Errorf("%v, want %d movements", r, want[g])
		}
	}
	if len(rows) != len(want) || outletRows != 1 || d.summary.DroppedByBarrier < 2 {
		t.Errorf("%d rows, want %d, of the outlet %d; the pipeline dropped %d", len(rows), len(want), outletRows, d.summary.DroppedByBarrier)
	}
}

func (d *day) checkRefusals(t *testing.T, w *Warehouse) {
	got := map[event.Reason]int64{}
	for _, r := range d.run(t, w, "refusals", d.from, d.to) {
		got[event.Reason(r["reason"].(string))] += r["letters"].(int64)
	}
	want := d.world.Truth().Tally.Refused
	for reason, n := range want {
		if got[reason] != n {
			t.Errorf("%d refused for %s, the retailer sent %d", got[reason], reason, n)
		}
	}
	if len(got) != len(want) || len(got) == 0 {
		t.Errorf("reasons %v, want %v", got, want)
	}
}

func (d *day) checkFreshness(t *testing.T, w *Warehouse) {
	type group struct {
		source, kind string
		day          time.Time
	}
	total, inTime := map[group]int64{}, map[group]int64{}
	for _, a := range d.events(t) {
		if a.OccurredAt.Before(d.from) {
			continue
		}
		g := group{a.Source, a.Type, a.OccurredAt.Truncate(24 * time.Hour)}
		total[g]++
		if a.IngestedAt.Sub(a.OccurredAt) <= time.Hour {
			inTime[g]++
		}
	}
	rows, late := d.run(t, w, "freshness", d.from, d.to), false
	for _, r := range rows {
		g := group{r["source"].(string), r["type"].(string), r["day"].(time.Time)}
		share := float64(inTime[g]) / float64(total[g])
		late = late || share < 1
		if r["events"] != total[g] || math.Abs(r["within_an_hour"].(float64)-share) > 0.0001 {
			t.Errorf("%v, want %d events, %f of them in time", r, total[g], share)
		}
	}
	if len(rows) != len(total) || !late {
		t.Errorf("%d rows, want %d; late ones among them: %t", len(rows), len(total), late)
	}
}
