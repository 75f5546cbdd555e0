package retail

import (
	"math/rand/v2"
	"sort"
)

// popularity is a Zipf-Mandelbrot distribution over the products: a few sell a lot, most sell
// rarely.
type popularity struct {
	share      []float64 // of all sales, by product index
	byRank     []int     // product index of the most popular, the second, ...
	cumulative []float64 // by rank
}

func newPopularity(rng *rand.Rand, products int) popularity {
	// Without flattening, the best seller alone would be a seventh of all sales.
	const flatten = 5
	p := popularity{
		share: make([]float64, products), byRank: rng.Perm(products), cumulative: make([]float64, products),
	}
	total := 0.0
	for rank := range products {
		total += 1 / float64(rank+1+flatten)
		p.cumulative[rank] = total
	}
	previous := 0.0
	for rank, product := range p.byRank {
		p.share[product] = (p.cumulative[rank] - previous) / total
		previous = p.cumulative[rank]
	}
	return p
}

// draw returns a random product index.
func (p *popularity) draw(rng *rand.Rand) int {
	last := len(p.cumulative) - 1
	x := rng.Float64() * p.cumulative[last]
	return p.byRank[min(last, sort.SearchFloat64s(p.cumulative, x))]
}
