package retail

import "time"

// trend is a product that is popular for a while.
type trend struct {
	product     int
	from, until int64 // epoch ms
}

// trendRise is the time in which a trend rises to its peak. It falls during its last half.
const trendRise = 8 * time.Minute

// startTrends lets a product go viral a few minutes from now, and later products some hours after
// each.
func (w *World) startTrends() {
	w.trend.until = -1
	var next func()
	next = func() {
		product := w.rare()
		until := w.now + w.between(90*time.Minute, 3*time.Hour)
		w.goViral(product, until, 1)
		w.at(until+w.between(2*time.Hour, 5*time.Hour), next)
	}
	w.at(w.now+w.between(3*time.Minute, 8*time.Minute), next)
}

// rare returns a product that has sold rarely so far.
func (w *World) rare() int {
	n := len(w.products)
	return w.popularity.byRank[n/10+w.rng.IntN(n-n/10)]
}

func (w *World) trending(product int) bool {
	return product == w.trend.product && w.now < w.trend.until
}

// goViral starts a trend of a product until a time, epoch ms. Its peak is strength times the usual
// one.
func (w *World) goViral(product int, until int64, strength float64) {
	t := trend{product, w.now, until}
	w.trend = t
	share := func(ms int64) float64 {
		if ms >= t.until {
			return -1
		}
		rise := float64(ms-t.from) / float64(trendRise.Milliseconds())
		fall := 2 * float64(t.until-ms) / float64(t.until-t.from)
		return min(1, rise, fall)
	}
	// High enough to be visible, however small the retailer.
	peak := strength * max(1.0/12, w.cfg.EventsPerSecond*(1-tillShare)/messagesPerSession()*0.3)
	w.poisson(peak, share, func() {
		s := w.openShop()
		if s != nil && w.chance(0.25) {
			w.basket(s, []line{{t.product, w.units()}})
			return
		}
		w.session([]int{t.product}, 0.5, 0.6)
	})
}
