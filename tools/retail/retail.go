// Package retail simulates a retailer and keeps the truth about it: shops with opening hours and a
// web shop, their customers, warehouse and stock counts, and everything that goes wrong with their
// messages. The same seed gives the same world, message for message. The package does no I/O and
// reads no clock: the caller advances the time.
package retail

import (
	"math/rand/v2"
	"time"
)

// Topic is the channel of a message.
type Topic string

// The three topics.
const (
	POS  Topic = "pos"  // tills
	ECOM Topic = "ecom" // web shop clickstream
	WMS  Topic = "wms"  // warehouse management
)

// Publication is one message to publish. Repeated deliveries share Data and Attributes with the
// first one, so neither may be modified.
type Publication struct {
	Topic      Topic
	Data       []byte
	Attributes map[string]string // nil if there are none
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

	trend      trend
	plays      map[string]*Play // by scenario
	stormUntil int64            // epoch ms; until then every message is delivered several times

	lastID   uint64
	defects  []func()  // shuffled again after all have occurred
	played   int       // how many defects have occurred
	reusable *reusable // nil: none
}

// New returns a world at startMs, epoch ms. Zero fields of cfg take their defaults. The first
// Advance publishes the counts with which the shops start.
func New(cfg Config, startMs int64) *World {
	cfg = cfg.withDefaults()
	w := &World{
		cfg: cfg, start: startMs, now: startMs,
		rng:      rand.New(rand.NewPCG(cfg.Seed, 0x5e7a11)),
		truth:    newTruth(),
		plays:    map[string]*Play{},
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

// Advance runs the world up to and including toMs, epoch ms, and returns what is published until
// then, in the order of publication. One step and many steps have the same result. A time in the
// past publishes nothing.
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

// Truth returns the results of a correct pipeline after all publications that Advance has returned
// so far.
func (w *World) Truth() *Truth { return w.truth }

// at schedules run at ms, or now if that has passed.
func (w *World) at(ms int64, run func()) { w.agenda.add(max(ms, w.now), run) }

// poisson schedules run at the points of a Poisson process from now on. The rate is peak points a
// second, times share at the time; share returns 0 to 1, and a negative number ends the process.
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

// between returns a random duration from lo to hi, ms.
func (w *World) between(lo, hi time.Duration) int64 {
	return lo.Milliseconds() + w.rng.Int64N(max(1, (hi-lo).Milliseconds()))
}

// chance returns true with probability p.
func (w *World) chance(p float64) bool { return w.rng.Float64() < p }
