package retail

const minutesPerDay = 24 * 60

// minuteOfDay returns the minute of the UTC day at ms, 0 to 1439.
func minuteOfDay(ms int64) int { return int(ms / 60_000 % minutesPerDay) }

// How busy each hour of the day is, relative to the others. Of a shop, only the hours in which it
// is open count.
var (
	shopHours = [24]float64{7: 4, 8: 6, 9: 8, 10: 10, 11: 11, 12: 12, 13: 11, 14: 9, 15: 10, 16: 12, 17: 14, 18: 13,
		19: 9, 20: 6, 21: 4, 22: 3}
	webHours = [24]float64{5, 3, 2, 2, 2, 3, 4, 6, 8, 9, 10, 10, 11, 11, 10, 10, 10, 11, 13, 15, 16, 15, 12, 8}
)

// footfall is the number of people in the shops, minute by minute.
type footfall struct {
	weight     [minutesPerDay]float64
	peak, mean float64
}

func newFootfall(shops []*store) footfall {
	var f footfall
	for m := range f.weight {
		for _, s := range shops {
			if s.open(m) {
				f.weight[m] += s.size * shopHours[m/60]
			}
		}
		f.peak = max(f.peak, f.weight[m])
		f.mean += f.weight[m] / minutesPerDay
	}
	return f
}

// share returns the footfall at ms as a share of the peak.
func (f *footfall) share(ms int64) float64 { return f.weight[minuteOfDay(ms)] / f.peak }

// webPeak returns the busiest hour of the web shop, relative to the mean hour.
func webPeak() (overMean float64) {
	peak, sum := 0.0, 0.0
	for _, h := range webHours {
		peak = max(peak, h)
		sum += h
	}
	return peak / (sum / 24)
}

func webShare(ms int64) float64 {
	peak := 0.0
	for _, h := range webHours {
		peak = max(peak, h)
	}
	return webHours[minuteOfDay(ms)/60] / peak
}

// openShop returns a shop that is open now, large ones more often, or nil if all are closed.
func (w *World) openShop() *store {
	minute, total := minuteOfDay(w.now), 0.0
	for _, s := range w.shops() {
		if s.open(minute) {
			total += s.size
		}
	}
	x := w.rng.Float64() * total
	var last *store
	for _, s := range w.shops() {
		if s.open(minute) {
			last = s
			if x -= s.size; x < 0 {
				break
			}
		}
	}
	return last
}
