package history

import (
	"bytes"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/beamlytics/streamlytics/event"
	"github.com/beamlytics/streamlytics/signal"
)

func sale(store, product, id string, quantity int64) *event.UnifiedInventoryEvent {
	return &event.UnifiedInventoryEvent{ID: id, Type: event.Sale, StoreID: store, ProductID: product,
		Quantity: quantity, OccurredAt: 1000}
}

// TestOrder checks that a product's entries come back in order of arrival, with all of their fields.
func TestOrder(t *testing.T) {
	h := New(1 << 20)
	h.Event(sale("12", "a", "s1", 3), 10)
	h.Event(sale("12", "b", "s2", 1), 11)
	h.Event(&event.UnifiedInventoryEvent{ID: "r", Type: event.Reset, StoreID: "34", ProductID: "a", Quantity: 25,
		OccurredAt: 900}, 12)
	h.Stock(&signal.Stock{StoreID: "34", ProductID: "a", OnHand: -4, Known: true, Barrier: 900, AsOf: 13,
		Badge: signal.LowStock}, 13)
	h.Velocity(&signal.Velocity{StoreID: "34", ProductID: "a", Window: signal.WindowHour, AsOf: 14}, 14)
	h.Velocity(&signal.Velocity{ProductID: "a", Window: signal.WindowHour, UnitsHour: 6, UnitsDay: 9, HighDemand: true,
		AsOf: 14}, 14)
	got, since := h.Product("a", 100)
	identity := func(id string) int64 { return int64(event.IdentityHash(id)) }
	want := []Entry{
		{Wall: 10, Kind: Kind(event.Sale), At: 1000, Amount: 3, Detail: identity("s1"), Store: "12"},
		{Wall: 12, Kind: Kind(event.Reset), At: 900, Amount: 25, Detail: identity("r"), Store: "34", ResetID: "r"},
		{Wall: 13, Kind: Stock, At: 13, Amount: -4, On: true, Detail: 900, Badge: true, Store: "34"},
		{Wall: 14, Kind: Velocity, At: 14, Amount: 6, Detail: 9, On: true, Badge: true},
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %+v\nwant %+v", got, want)
	}
	if since != 0 {
		t.Errorf("since %d", since)
	}
	if newest, since := h.Product("a", 2); !slices.Equal(newest, want[2:]) || since != 13 {
		t.Errorf("the newest are %+v, since %d", newest, since)
	}
	if got := h.Counts(); got != (Counts{Events: 3, Stocks: 1, Velocities: 2}) {
		t.Errorf("counts %+v", got)
	}
	h.Event(sale("12", "c", "s3", 3), 15)
	if got := h.Products(); !slices.Equal(got, []string{"a", "c", "b"}) {
		t.Errorf("products %v", got)
	}
	if got := h.Stores(); !slices.Equal(got, []string{"12", "34"}) {
		t.Errorf("stores %v", got)
	}
}

// TestNothingIsKept checks that a nil *History takes everything and costs nothing.
func TestNothingIsKept(t *testing.T) {
	var h *History
	h.Stock(&signal.Stock{}, 1)
	h.Velocity(&signal.Velocity{}, 1)
	h.Badge(signal.BadgeChange{})
	h.DeadLetter(event.DeadLetter{})
	if got := h.Counts(); got != (Counts{}) {
		t.Errorf("nothing counts %+v", got)
	}
	if n := testing.AllocsPerRun(100, func() { h.Event(nil, 1) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// TestOldestLeave checks that the newest entries stay, that the reach follows, and that names leave
// with the last entry that uses them.
func TestOldestLeave(t *testing.T) {
	h := New(1 << 18)
	const events = 40_000
	for i := range events {
		h.Event(sale("s", fmt.Sprint("p", i/100), fmt.Sprint(i), 1), int64(i))
	}
	products := h.Products()
	oldest := int64(events)
	for _, p := range products {
		entries, _ := h.Product(p, events)
		if len(entries) == 0 {
			t.Fatalf("%s has no entries", p)
		}
		oldest = min(oldest, entries[0].Wall)
	}
	if since := h.Since(); since != oldest || oldest < events/2 {
		t.Errorf("since %d, the oldest entry is from %d", since, oldest)
	}
	if kept := (events - oldest) / 100; len(products) < int(kept) || len(products) > int(kept)+1 {
		t.Errorf("%d products are listed for %d entries", len(products), events-oldest)
	}
	if entries, _ := h.Product("p0", 10); len(entries) > 0 {
		t.Errorf("the first product has %d entries", len(entries))
	}
}

// heap returns the memory in use.
func heap() int {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int(m.HeapAlloc)
}

// TestBounded measures that the memory stays within its bytes, for ordinary and hostile names and
// payloads, alone and one after the other.
func TestBounded(t *testing.T) {
	hostile := func(h *History, i int) {
		id := func(n int) string { return strings.Repeat("x", n-12) + fmt.Sprintf("%012d", i) }
		h.Event(&event.UnifiedInventoryEvent{ID: id(256), Type: event.Reset, StoreID: id(128), ProductID: id(128)}, 1)
	}
	ordinary := func(h *History, i int) {
		h.Event(sale(fmt.Sprint(i%40), fmt.Sprint(i%5000), "e", 1), 1)
		h.Stock(&signal.Stock{StoreID: fmt.Sprint(i % 40), ProductID: fmt.Sprint(i % 5000)}, 1)
	}
	large := event.Message{Data: bytes.Repeat([]byte("y"), 9<<20), Attributes: map[string]string{"k": "v"}}
	refused := func(h *History, i int) {
		m := &large
		if i%3000 != 0 {
			m = &event.Message{Data: fmt.Appendf(nil, "%300d", i), ID: fmt.Sprintf("%20d", i),
				Attributes: map[string]string{"a": fmt.Sprint(i)}, Columns: []string{"store_id", fmt.Sprint(i)}}
		}
		h.DeadLetter(event.DeadLetter{Message: m, Refusal: event.Refusal{Detail: fmt.Sprintf("detail %100d", i)}})
		h.Badge(signal.BadgeChange{StoreID: fmt.Sprintf("%128d", i), ProductID: fmt.Sprintf("%128d", i)})
	}
	type filler = func(*History, int)
	for name, fillers := range map[string][]filler{
		"ordinary": {ordinary}, "hostile": {hostile}, "refused": {refused},
		"all": {hostile, ordinary, refused, hostile, refused, ordinary},
	} {
		const size = 2 << 20
		before := heap()
		h := New(size)
		for _, fill := range fillers {
			for i := range size / 100 {
				fill(h, i)
			}
		}
		used := heap() - before
		if used > size {
			t.Errorf("%s: %d bytes are used of %d", name, used, size)
		}
		if name == "ordinary" && used < size/2 {
			t.Errorf("%s: only %d bytes are used of %d", name, used, size)
		}
		t.Logf("%s: %d%% of %d MB are used, for %d entries", name, used*100/size, size>>20, h.next-h.first)
	}
}

// TestNewest checks the order, the filter and the numbers of badge changes and dead letters, and
// that a payload which is too large for the memory is cut.
func TestNewest(t *testing.T) {
	h := New(1 << 20)
	for i := range 5000 {
		h.Badge(signal.BadgeChange{ProductID: fmt.Sprint(i % 2), At: int64(i)})
	}
	changes := h.Badges.Newest(2, func(c Item[signal.BadgeChange]) bool { return c.Value.ProductID == "1" })
	if len(changes) != 2 || changes[0].Value.At != 4999 || changes[1].Value.At != 4997 || changes[0].N != 5000 {
		t.Errorf("the newest changes are %+v", changes)
	}
	data := bytes.Repeat([]byte("z"), 1<<20)
	for range 3 {
		m := event.Message{Data: data, Token: 5, Attributes: map[string]string{"k": "v"}}
		h.DeadLetter(event.DeadLetter{Message: &m})
	}
	data[0] = 'a'
	letters := h.Letters.Newest(10, func(Item[event.DeadLetter]) bool { return true })
	if len(letters) == 0 || letters[0].N != 3 {
		t.Fatalf("%d letters are kept", len(letters))
	}
	m := letters[0].Value.Message
	if m.Data[0] != 'z' || len(m.Data)+int(m.Cut) != 1<<20 || m.Token != 0 || m.Attributes["k"] != "v" {
		t.Errorf("the copy has %d bytes, and %d are cut", len(m.Data), m.Cut)
	}
	if n := h.Counts().DeadLetters; n != 3 {
		t.Errorf("%d letters were added", n)
	}
}

// TestConcurrent adds and reads from several goroutines. A reader gets the entries of a product in
// order, whatever leaves meanwhile.
func TestConcurrent(t *testing.T) {
	h := New(1 << 18)
	var work sync.WaitGroup
	for product := range 2 {
		work.Go(func() {
			for i := range 20_000 {
				h.Event(sale(fmt.Sprint(i%3), fmt.Sprint(product), "e", 1), int64(i))
				h.DeadLetter(event.DeadLetter{Message: &event.Message{}})
			}
		})
	}
	work.Go(func() {
		for range 200 {
			entries, _ := h.Product("0", 10_000)
			if !slices.IsSortedFunc(entries, func(a, b Entry) int { return int(a.Wall) - int(b.Wall) }) {
				t.Error("the entries are not in order")
			}
			h.Products()
			h.Stores()
			h.Letters.Newest(5, func(Item[event.DeadLetter]) bool { return true })
		}
	})
	work.Wait()
}

func BenchmarkEvent(b *testing.B) {
	h := New(64 << 20)
	events := make([]event.UnifiedInventoryEvent, 10_000)
	for i := range events {
		events[i] = *sale(fmt.Sprint(i%40), fmt.Sprint(i%5000), fmt.Sprint("order-", i), 1)
	}
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		h.Event(&events[i%len(events)], 1)
	}
}

func BenchmarkProduct(b *testing.B) {
	h := New(64 << 20)
	for i := range 1_000_000 {
		h.Event(sale(fmt.Sprint(i%40), fmt.Sprint(i%50), "e", 1), 1)
	}
	for b.Loop() {
		h.Product("7", 20_000)
	}
}
