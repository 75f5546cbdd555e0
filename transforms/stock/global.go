package stock

// Global is the stock of a product over all stores: the sum of the known on-hand. The zero value is a product of which no
// store is known.
type Global struct {
	OnHand  int64
	Stores  int64 // how many stores are known; there is no signal while it is 0
	Version int64
	Low     bool
}

// Apply takes a change of the sum and of the number of known stores, and reports whether LOW_STOCK changed.
func (g *Global) Apply(onHand, stores int64, l Limits) (badge bool) {
	g.OnHand += onHand
	g.Stores += stores
	was := g.Low
	g.Low = NextLow(g.Low, g.Stores > 0, g.OnHand, l)
	return g.Low != was
}

// Bump makes the version greater than it was and at least atLeast.
func (g *Global) Bump(atLeast int64) { g.Version = max(g.Version+1, atLeast) }
