package page

import (
	"fmt"
	"math"

	"github.com/beamlytics/streamlytics/event"
	"github.com/beamlytics/streamlytics/internal/clock"
	"github.com/beamlytics/streamlytics/internal/history"
	"github.com/beamlytics/streamlytics/signal"
)

// Verdict is the judgement of a badge change, as sql/analyses/high_demand_audit.sql and
// low_stock_audit.sql make it of the archive.
type Verdict struct {
	Result string `json:"result"`
	Text   string `json:"text"` // one sentence
}

// The results. evidence, score and threshold are those of a false badge.
const (
	proven    = "PROVEN"
	inFlight  = "IN_FLIGHT"
	evidence  = "EVIDENCE"
	score     = "SCORE"
	threshold = "THRESHOLD"
	unchecked = "UNCHECKED" // the memory does not reach back far enough
)

const (
	inFlightMs = 5_000         // the longest wall time from the arrival of an event to the badge
	hourMs     = 60 * minuteMs // beside the minute of the change
	aheadMs    = 5 * minuteMs  // how far ahead of the clock a sale may be when it arrives
)

// memory is what is known about a product.
type memory struct {
	entries []history.Entry // in order of arrival, each event once
	reach   history.Reach
	clock   clock.Clock
	whole   bool // nothing happened before the entries
}

// reaches reports whether everything that arrived since the clock showed ms is in memory.
func (m memory) reaches(ms int64) bool {
	return m.whole && m.reach.All || m.clock.AtWall(timeOf(m.reach.Wall)) <= ms
}

// counts are the events of the last hour that a badge rests on, at least or at most.
type counts struct{ views, cartAdds, units int64 }

// audit judges a badge change.
func (m memory) audit(c signal.BadgeChange, w Weights) Verdict {
	if c.Badge == signal.LowStock {
		return m.auditLowStock(c)
	}
	return m.auditHighDemand(c, w)
}

func (m memory) auditHighDemand(c signal.BadgeChange, w Weights) Verdict {
	if sum := w.Views*c.Views + w.CartAdds*c.CartAdds + w.Units*c.Units; c.Score != sum {
		return Verdict{score, fmt.Sprintf("The score is %d, and the weighted sum of its evidence is %d.", c.Score, sum)}
	}
	switch {
	case c.On && c.Score < c.Enter:
		return Verdict{threshold, fmt.Sprintf("The badge went on at a score of %d, below %d.", c.Score, c.Enter)}
	case !c.On && c.Score >= c.Exit:
		return Verdict{threshold, fmt.Sprintf("The badge went off at a score of %d, not below %d.", c.Score, c.Exit)}
	case c.Exit != (c.Enter+1)/2:
		return Verdict{threshold, fmt.Sprintf("The badge goes off below %d, which is not half of %d.", c.Exit, c.Enter)}
	}
	from := c.At/minuteMs*minuteMs - hourMs
	if !m.reaches(from - aheadMs) {
		return Verdict{unchecked, "The memory does not reach back to the beginning of the hour that was counted."}
	}
	least, most := m.count(c, from)
	for _, x := range []struct {
		name             string
		shown, low, high int64
	}{
		{"views", c.Views, least.views, most.views},
		{"cart adds", c.CartAdds, least.cartAdds, most.cartAdds},
		{"units sold", c.Units, least.units, most.units},
	} {
		if x.shown < x.low || x.shown > x.high {
			return Verdict{evidence, fmt.Sprintf("The badge counts %d %s, and the events give %s.",
				x.shown, x.name, between(x.low, x.high))}
		}
	}
	if least == most {
		return Verdict{proven, fmt.Sprintf("The events of the hour give %d views, %d cart adds and %d units sold.",
			c.Views, c.CartAdds, c.Units)}
	}
	return Verdict{inFlight, fmt.Sprintf("Events of the last 5 s before the change may not have been counted: "+
		"the events give %s views, %s cart adds and %s units sold.", between(least.views, most.views),
		between(least.cartAdds, most.cartAdds), between(least.units, most.units))}
}

func between(low, high int64) string {
	if low == high {
		return fmt.Sprint(low)
	}
	return fmt.Sprintf("%d to %d", low, high)
}

// count counts the events since from that had arrived when a badge changed. One that arrived in the
// 5 s before may or may not have been counted.
func (m memory) count(c signal.BadgeChange, from int64) (least, most counts) {
	changed := lastWallOf(m.clock, c.At)
	for _, e := range m.entries {
		if !e.Kind.IsEvent() || e.Wall > changed || e.At < from || c.StoreID != "" && e.Store != c.StoreID {
			continue
		}
		settled := e.Wall <= changed-inFlightMs
		if settled || e.Amount < 0 {
			least.add(e)
		}
		if settled || e.Amount > 0 {
			most.add(e)
		}
	}
	return least, most
}

func (c *counts) add(e history.Entry) {
	switch event.Type(e.Kind) {
	case event.View:
		c.views += e.Amount
	case event.CartAdd:
		c.cartAdds += e.Amount
	case event.Sale:
		c.units += e.Amount
	}
}

// lastWallOf returns the last millisecond of wall time at which a clock showed ms, both epoch ms.
func lastWallOf(c clock.Clock, ms int64) int64 {
	if c.IsWall() {
		return ms
	}
	return c.StartMs + int64(math.Ceil(float64(ms+1-c.OriginMs)/c.Speed)) - 1
}

// auditLowStock looks for the stock signal that was made together with the change.
func (m memory) auditLowStock(c signal.BadgeChange) Verdict {
	switch {
	case c.On && c.OnHand > c.Enter:
		return Verdict{threshold, fmt.Sprintf("The badge went on at %d on hand, above %d.", c.OnHand, c.Enter)}
	case !c.On && c.OnHand <= c.Exit:
		return Verdict{threshold, fmt.Sprintf("The badge went off at %d on hand, not above %d.", c.OnHand, c.Exit)}
	}
	for _, e := range m.entries {
		if e.Kind == history.Stock && e.Store == c.StoreID && e.At == c.At &&
			e.Known && e.Amount == c.OnHand && e.Badge == c.On {
			return Verdict{proven, fmt.Sprintf("The stock signal of the same moment has %d on hand.", c.OnHand)}
		}
	}
	if !m.reaches(c.At) {
		return Verdict{unchecked, "The memory does not reach back to the stock signal of the change."}
	}
	return Verdict{evidence, fmt.Sprintf("There is no stock signal of the same moment with %d on hand.", c.OnHand)}
}
