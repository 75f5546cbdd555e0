package event

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"
)

// itemOf is an item of a test message, as JSON, and whether it is valid.
type itemOf struct {
	product, rest string
	valid         bool
}

func randomItem(r *rand.Rand) itemOf {
	it := itemOf{product: fmt.Sprintf(`"p%d"`, r.IntN(4)), valid: true}
	switch quantity := r.IntN(7) - 2; {
	case quantity == -2:
		it.rest, it.valid = `,"quantity":"some"`, false
	case r.IntN(2) == 0:
		it.rest = fmt.Sprintf(`,"quantity":"%+d"`, quantity)
	default:
		it.rest = fmt.Sprintf(`,"quantity":%d.0`, quantity)
	}
	it.rest += []string{"", `,"price":2`, `,"price":"2.00"`, `,"price":10`, `,"price":1e1`, `,"price":"?"`,
		`,"price":-1`, `,"price":0.30`}[r.IntN(8)]
	return it
}

// contents returns the identities of the events with their contents, as a multiset.
func contents(t *testing.T, f Format, items []itemOf) map[string]int {
	t.Helper()
	var list []string
	for _, it := range items {
		name := "product_id"
		if f == FormatECOM {
			name = "item_id"
		}
		list = append(list, fmt.Sprintf(`{%q:%s%s}`, name, it.product, it.rest))
	}
	m := message(f, validPOS.with("items", "["+strings.Join(list, ",")+"]").String())
	if f == FormatECOM {
		m = message(f, validECOM.with("event", `"purchase"`, "ecommerce",
			`{"transaction_id":"T","items":[`+strings.Join(list, ",")+`]}`).String())
	}
	var d Decoder
	var out Decoded
	d.Decode(m, testNow, true, &out)
	got, seen := map[string]int{}, map[string]bool{}
	for _, e := range out.Events {
		got[fmt.Sprintf("%s %s %d", e.ProductID, e.ID, e.Quantity)]++
		if id := e.ProductID + " " + e.ID; seen[id] {
			t.Fatalf("%s: two events have the id %s", m.Data, id)
		} else {
			seen[id] = true
		}
	}
	return got
}

// TestItemIDsAreOfTheSet checks that ids do not depend on the order of items, on items of other
// products, or on refused items.
func TestItemIDsAreOfTheSet(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 3000 {
		f := []Format{FormatPOS, FormatECOM}[r.IntN(2)]
		items := make([]itemOf, 1+r.IntN(20))
		valid := 0
		for i := range items {
			if items[i] = randomItem(r); items[i].valid {
				valid++
			}
		}
		want := contents(t, f, items)
		if n := len(want); n != valid {
			t.Fatalf("%d events of %d valid items: %v", n, valid, items)
		}
		r.Shuffle(len(items), func(i, j int) { items[i], items[j] = items[j], items[i] })
		if got := contents(t, f, items); !maps.Equal(got, want) {
			t.Fatalf("in another order\n got %v\nwant %v", got, want)
		}
		items = slices.Concat(items, []itemOf{{`"q"`, `,"quantity":-1`, true}, {`"p1"`, `,"quantity":0.5`, false},
			{`"p2 "`, `,"quantity":1`, false}, {`0`, `,"quantity":1`, false}})
		r.Shuffle(len(items), func(i, j int) { items[i], items[j] = items[j], items[i] })
		got := contents(t, f, items)
		maps.DeleteFunc(got, func(id string, _ int) bool { return strings.HasPrefix(id, "q ") })
		if !maps.Equal(got, want) {
			t.Fatalf("with other products and bad items\n got %v\nwant %v", got, want)
		}
	}
}

func TestItemOrder(t *testing.T) {
	out := check(t, message(FormatPOS, validPOS.with("event_id", `"e"`, "items",
		`[{"product_id":"a","quantity":1,"price":10},{"product_id":"a","quantity":1,"price":"9.5"},
		{"product_id":"a","quantity":1,"price":"?"},
		{"product_id":"b","quantity":1},{"product_id":"a","quantity":-1,"price":99}]`).String()),
		"SALE s1/a 1 e#3", "SALE s1/a 1 e#2", "SALE s1/a 1 e#1", "SALE s1/b 1 e#0", "SALE s1/a -1 e#0")
	var places []int
	for _, e := range out.Events {
		places = append(places, e.Item)
	}
	if !reflect.DeepEqual(places, []int{0, 1, 2, 3, 4}) || out.UnreadablePrices != 1 {
		t.Errorf("items %v, %d unreadable prices", places, out.UnreadablePrices)
	}
}

func TestNaturalKeys(t *testing.T) {
	for _, c := range []struct {
		name    string
		changes []string
		want    string
	}{
		{"line", []string{"line", "1"}, "SALE s1/p1 2 o1:1"},
		{"line and terminal", []string{"line", "1", "terminal_id", `"t 4"`}, "SALE s1/p1 2 t 4:o1:1"},
		{"terminal as a number", []string{"line", "1", "terminal_id", `4.0`}, "SALE s1/p1 2 4:o1:1"},
		{"empty terminal", []string{"line", "1", "terminal_id", `""`}, "SALE s1/p1 2 o1:1"},
		{"no line", []string{"terminal_id", `4`}, "SALE s1/p1 2 m1"},
		{"return", []string{"line", "1", "type", `"RETURN"`, "terminal_id", `4`}, "SALE s1/p1 -2 4:o1:1:return"},
		{"return, by sign too", []string{"line", "1", "type", `"REFUND"`, "product_count", `"-2"`},
			"SALE s1/p1 -2 o1:1:return"},
		{"return, by sign alone", []string{"line", "1", "product_count", `-2`}, "SALE s1/p1 -2 o1:1:return"},
		{"return of nothing", []string{"line", "1", "type", `"RETURN"`, "product_count", `0`},
			"SALE s1/p1 0 o1:1:return"},
		{"return under the message id", []string{"type", `"RETURN"`}, "SALE s1/p1 -2 m1"},
		{"return under its own id", []string{"type", `"RETURN"`, "event_id", `"e1"`, "line", "1"}, "SALE s1/p1 -2 e1"},
		{"items", []string{"items", `[{"product_id":"a","quantity":2}]`, "terminal_id", `4`}, "SALE s1/a 2 4:o1#0"},
		{"items and line", []string{"items", `[{"product_id":"a","quantity":2}]`, "line", "7"}, "SALE s1/a 2 o1:7#0"},
		{"returned items", []string{"items", `[{"product_id":"a","quantity":2},{"product_id":"b","quantity":-1}]`,
			"type", `"RETURN"`},
			"SALE s1/a -2 o1:return#0; SALE s1/b -1 o1:return#0"},
		{"exchange", []string{"items", `[{"product_id":"a","quantity":2},{"product_id":"a","quantity":-1}]`},
			"SALE s1/a 2 o1#1; SALE s1/a -1 o1:return#0"},
		{"no order number", []string{"order_number", `""`, "line", "1", "items", `[{"product_id":"a","quantity":2}]`},
			"SALE s1/a 2 m1#0"},
		{"longest", []string{"order_number", `"` + strings.Repeat("x", 254) + `"`, "line", "1", "product_count", "-1"},
			"SALE s1/p1 -1 " + strings.Repeat("x", 254) + ":1:return"},
		{"too long with its terminal", []string{"order_number", `"` + strings.Repeat("x", 254) + `"`, "line", "1",
			"terminal_id", "4"}, "BAD_ID event_id"},
	} {
		t.Run(c.name, func(t *testing.T) {
			check(t, message(FormatPOS, validPOS.with(c.changes...).String()), strings.Split(c.want, "; ")...)
		})
	}
	unified := validUnified.with("event_id", "", "quantity", "-2").String()
	check(t, message(FormatUnified, unified), "SALE s1/p1 -2 m1") // the message id is not a natural key
}

// TestNumberingOneItemIsFree checks that the only item of a message costs one allocation, for its
// id.
func TestNumberingOneItemIsFree(t *testing.T) {
	m := message(FormatECOM, validECOM.String())
	var d Decoder
	var out Decoded
	d.Decode(m, testNow, true, &out)
	if allocs := testing.AllocsPerRun(100, func() { d.Decode(m, testNow, true, &out) }); allocs > 1 {
		t.Errorf("%v allocations, want 1", allocs)
	}
}
