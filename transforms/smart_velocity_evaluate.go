package transforms

import (
	"math"

	"github.com/beamlytics/streamlytics/transforms/stock"
	"github.com/beamlytics/streamlytics/transforms/velocity"
)

// evaluation is the result of evaluating a series.
type evaluation struct {
	reading velocity.Reading
	changed bool // the reading differs from the last
	decided bool // the window or the badge, which a restart must keep, differs from the last
	badge   *velocity.Change
}

// evaluate evaluates every series that may have changed by the clock, and calls out, if not nil,
// with those that did.
func (g *productImage) evaluate(nowMs int64, out func(*series, evaluation)) {
	one := func(s *series) {
		if e := g.evaluateSeries(s, nowMs); out != nil && (e.changed || e.decided || e.badge != nil) {
			out(s, e)
		}
	}
	for _, s := range g.dirty {
		s.isDirty = false
		one(s)
		g.nextDue = min(g.nextDue, s.due)
		g.drop(s)
	}
	clear(g.dirty)
	g.dirty = g.dirty[:0]
	if nowMs < g.nextDue {
		return
	}
	g.visit(func(s *series) {
		if s.due <= nowMs {
			one(s)
		}
	})
}

// evaluateAll evaluates every series, due or not, and calls out with each.
func (g *productImage) evaluateAll(nowMs int64, out func(*series, evaluation)) {
	for _, s := range g.dirty {
		s.isDirty = false
	}
	clear(g.dirty)
	g.dirty = g.dirty[:0]
	g.visit(func(s *series) { out(s, g.evaluateSeries(s, nowMs)) })
}

func (g *productImage) evaluateSeries(s *series, nowMs int64) (e evaluation) {
	size, before := s.Size(), s.Decisions()
	e.reading, e.changed, e.badge = s.Evaluate(nowMs, g.config)
	e.decided = s.Decisions() != before
	g.bytes += s.Size() - size
	s.due = s.NextDue(g.config)
	return e
}

// visit calls f with every series, sets nextDue, and drops the series that are empty.
func (g *productImage) visit(f func(*series)) {
	g.nextDue = math.MaxInt64
	one := func(s *series) {
		f(s)
		g.nextDue = min(g.nextDue, s.due)
	}
	for _, p := range g.products {
		one(&p.global)
		for _, s := range p.stores {
			one(s)
			g.drop(s)
		}
		g.drop(&p.global)
	}
}

// drop removes a series, and its product, if nothing of it must be kept.
func (g *productImage) drop(s *series) {
	if !s.Empty() || s.isDirty {
		return
	}
	p := s.product
	if s.store != "" && p.stores[s.store] == s {
		delete(p.stores, s.store)
		g.bytes -= seriesOverhead + len(s.store) + s.Size()
	}
	empty := len(p.stores) == 0 && p.global.Empty() && !p.global.isDirty && p.stock == (stock.Global{})
	if empty && g.products[p.id] == p {
		delete(g.products, p.id)
		g.bytes -= productOverhead + len(p.id) + p.global.Size()
	}
}
