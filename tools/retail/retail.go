// Package retail plays a retailer and knows the truth about it: shops with opening hours and a web shop, their customers,
// warehouse and stock counts, and everything that goes wrong with their messages on the way. The same seed plays the same
// world, message for message. The package does no I/O and reads no clock: the caller says how far time has come.
package retail

import (
	"math/rand/v2"
	"time"
)

// Topic is the channel that a message is published on.
type Topic string

// The three topics.
const (
	POS  Topic = "pos"  // tills
	ECOM Topic = "ecom" // web shop clickstream
	WMS  Topic = "wms"  // warehouse management
)

// Publication is one message to publish. Repeated deliveries share Data and Attributes with the first one, so neither may
// be modified.
type Publication struct {
	Topic      Topic
	Data       []byte
	Attributes map[string]string // nil when there are none
	At         int64             // when it is published, epoch ms by the world's clock
}

// World is the simulated retailer. It is not safe for concurrent use.
type World struct {
	cfg    Config
	start  int64
	now    int64
	rng    *rand.Rand
	agenda agenda
	out    []Publication
	truth  *Truth

	products   []Product
	popularity popularity
	stores     []*store // the shops, then the web shop
	online     *store
	footfall   footfall

	trend    trend
	lastID   uint64
	defects  []func()  // shuffled anew whenever all were played
	played   int       // how many defects were, so far
	reusable *reusable // nil when there is none
}

// New returns a world at startMs, epoch ms. Zero fields of cfg take their defaults. The first Advance publishes the counts
// with which the shops start.
func New(cfg Config, startMs int64) *World {
	cfg = cfg.withDefaults()
	w := &World{
		cfg: cfg, start: startMs, now: startMs,
		rng:      rand.New(rand.NewPCG(cfg.Seed, 0x5e7a11)),
		truth:    newTruth(),
		products: catalogue(cfg.Products),
	}
	w.popularity = newPopularity(w.rng, cfg.Products)
	w.openStores()
	w.fillShelves()
	w.scheduleFirstCounts()
	w.scheduleNightlyCounts()
	w.startShops()
	w.startWeb()
	w.startTrends()
	w.startDefects()
	return w
}

// Advance plays the world up to and including toMs, epoch ms, and returns what is published meanwhile in the order of
// publication. Going there in one step or in many makes no difference. A time that has passed already publishes nothing.
func (w *World) Advance(toMs int64) []Publication {
	w.out = nil
	for {
		t, ok := w.agenda.next(toMs)
		if !ok {
			break
		}
		w.now = t.at
		t.run()
	}
	w.now = max(w.now, toMs)
	return w.out
}

// Truth is what a correct pipeline shows once it has seen everything that Advance has returned so far.
func (w *World) Truth() *Truth { return w.truth }

// at plays run at ms, or now if that has passed.
func (w *World) at(ms int64, run func()) { w.agenda.add(max(ms, w.now), run) }

// poisson plays run at the points of a Poisson process from now on, with peak points a second at a share of 1. share says
// which part of the peak holds at a time, 0 to 1; the process ends when it is negative.
func (w *World) poisson(peak float64, share func(ms int64) float64, run func()) {
	t := float64(w.now)
	var next func()
	wait := func() {
		t += w.rng.ExpFloat64() / peak * 1000
		w.at(int64(t), next)
	}
	next = func() {
		s := share(w.now)
		if s < 0 {
			return
		}
		if w.rng.Float64() < s {
			run()
		}
		wait()
	}
	wait()
}

// between is a random duration of lo to hi, in ms.
func (w *World) between(lo, hi time.Duration) int64 {
	return lo.Milliseconds() + w.rng.Int64N(max(1, (hi-lo).Milliseconds()))
}

// chance is true with probability p.
func (w *World) chance(p float64) bool { return w.rng.Float64() < p }
