package bench

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"time"
)

// shape says what a trace looks like.
type shape struct {
	name    string
	pairs   int                                      // store:product keys
	draw    func(r *rand.Rand, pairs int) func() int // which pair is next
	span    time.Duration                            // how far back events reach
	inOrder bool                                     // events come in the order in which they occurred
	resets  int                                      // counts in ten thousand events
}

const stores = 457 // of The Complete Journey

var shapes = map[string]shape{
	"zipf":     {name: "Zipf over 92,000 pairs", pairs: 92_000, draw: zipf, span: 2 * time.Hour, resets: 200},
	"hot":      {name: "one hot key", pairs: 1, draw: uniform, span: 2 * time.Hour, resets: 2},
	"million":  {name: "a million pairs", pairs: 1_000_000, draw: uniform, span: 2 * time.Hour, resets: 200},
	"thousand": {name: "a thousand pairs", pairs: 1000, draw: uniform, span: 2 * time.Hour, resets: 200},
	"flash":    {name: "flash sale, 90 % on 10 products", pairs: 92_000, draw: flash, span: 2 * time.Hour, resets: 200},
	"day":      {name: "a day's backlog in order", pairs: 92_000, draw: zipf, span: 23 * time.Hour, inOrder: true, resets: 200},
}

func uniform(r *rand.Rand, pairs int) func() int { return func() int { return r.IntN(pairs) } }

// zipf draws the n-th pair with a weight of about 1/n. The pairs are shuffled over stores and products.
func zipf(r *rand.Rand, pairs int) func() int {
	order := r.Perm(pairs)
	z := rand.NewZipf(r, 1.0001, 1, uint64(pairs-1))
	return func() int { return order[z.Uint64()] }
}

// flash draws from ten products in all stores nine times of ten.
func flash(r *rand.Rand, pairs int) func() int {
	rest := zipf(r, pairs)
	return func() int {
		if r.IntN(10) < 9 {
			return r.IntN(min(10*stores, pairs))
		}
		return rest()
	}
}

// trace is unified events, one a line, and the channel of each. It is the same for the same seed and end.
type trace struct {
	lines    [][]byte // each with its end
	channels []byte   // index into rig.Channels
}

// newTrace makes n events that end at a time: 55 % sales, 25 % views, 7 % cart adds, some counts, and the rest receipts.
func newTrace(s shape, seed uint64, n int, until time.Time) trace {
	r := rand.New(rand.NewPCG(seed, 3))
	next := s.draw(r, s.pairs)
	end, span := until.UnixMilli(), s.span.Milliseconds()
	t := trace{lines: make([][]byte, n), channels: make([]byte, n)}
	buffer := make([]byte, 0, 120*n)
	for i := range n {
		pair := next()
		at := end - r.Int64N(span)
		if s.inOrder {
			at = end - span + int64(float64(span)*float64(i)/float64(n))
		}
		typ, channel, quantity := "SALE", byte(0), 1+r.IntN(4)
		switch x := r.IntN(10_000); {
		case x < s.resets:
			typ, channel, quantity = "RESET", 2, r.IntN(200)
		case x < 1300:
			typ, channel = "RECEIPT", 2
		case x < 3800:
			typ, channel, quantity = "VIEW", 1, 1
		case x < 4500:
			typ, channel = "CART_ADD", 1
		}
		start := len(buffer)
		buffer = append(buffer, `{"event_id":"e`...)
		buffer = strconv.AppendInt(buffer, int64(i), 10)
		buffer = append(buffer, `","type":"`...)
		buffer = append(buffer, typ...)
		buffer = fmt.Appendf(buffer, `","store_id":"%d","product_id":"%d","quantity":%d,"occurred_at":%d}`, pair%stores, 1+pair/stores, quantity, at)
		buffer = append(buffer, '\n')
		t.lines[i], t.channels[i] = buffer[start:len(buffer):len(buffer)], channel
	}
	return t
}
