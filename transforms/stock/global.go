package stock

// Global is the stock of a product over all stores: the sum of the known on-hand. The zero value is
// a product that is known in no store.
type Global struct {
	OnHand  int64
	Stores  int64 // in how many stores the on-hand is known; while it is 0 there is no signal
	Version int64
	Low     bool
}

// Apply adds onHand to the sum and stores to the number of stores, and reports whether LOW_STOCK
// changed.
func (g *Global) Apply(onHand, stores int64, l Limits) (badge bool) {
	g.OnHand += onHand
	g.Stores += stores
	was := g.Low
	g.Low = NextLow(g.Low, g.Stores > 0, g.OnHand, l)
	return g.Low != was
}

// Bump increases the version, at least to atLeast.
func (g *Global) Bump(atLeast int64) { g.Version = max(g.Version+1, atLeast) }
