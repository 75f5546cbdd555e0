package transforms

import (
	"math/rand/v2"
	"testing"
)

// TestNoPartOfASumIsSaid restores a product's stock from several key groups, which speak in any order and go on with new events when
// they have spoken. Whenever the stock over all stores is said, it must be that of all.
func TestNoPartOfASumIsSaid(t *testing.T) {
	groups := KeyGroups(3).Names()
	for seed := range uint64(200) {
		r := rand.New(rand.NewPCG(seed, 5))
		var total int64
		todo := map[string][][]byte{} // what each key group has still to tell
		for _, name := range groups {
			for range r.IntN(3) {
				onHand := 1 + r.Int64N(9)
				total += onHand
				todo[name] = append(todo[name], appendStockChange(nil, changeStockRestored, "p", onHand, 1))
			}
			todo[name] = append(todo[name], appendBytes([]byte{changeSpoken}, name))
			for range r.IntN(3) {
				todo[name] = append(todo[name], appendStockChange(nil, changeStock, "p", 1, 0))
			}
		}
		g := replayedProducts(t, [][]byte{appendAwait(nil, groups)})
		last := int64(0) // that was said
		check := func(said []string) {
			if len(said) == 0 {
				return
			}
			if last = g.product([]byte("p")).stock.OnHand; last != total {
				t.Fatalf("seed %d: said %v, of %d", seed, said, total)
			}
		}
		now := int64(1_750_000_000_000)
		for len(todo) > 0 {
			name := groups[r.IntN(len(groups))]
			if len(todo[name]) == 0 {
				delete(todo, name)
				continue
			}
			change := todo[name][0]
			todo[name] = todo[name][1:]
			if change[0] == changeStock {
				total++
			}
			now++
			check(g.hear(t, append(changesRecord(now, now*1000), change...)))
			if r.IntN(4) == 0 {
				g = replayedProducts(t, [][]byte{g.snapshot()})
			}
			if !g.awaits() && r.IntN(2) == 0 { // the stage's timer asks, too
				check(g.look(now, now*1000))
			}
		}
		if g.awaits() {
			t.Fatalf("seed %d: all have spoken, and some are awaited", seed)
		}
		if check(g.look(now, now*1000)); last != total {
			t.Fatalf("seed %d: %d was said last, not %d", seed, last, total)
		}
	}
}
