package page

import (
	"fmt"
	"net/http"
	"strings"
	"time"

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

func verdict(result, format string, args ...any) Verdict {
	return Verdict{result, fmt.Sprintf(format, args...)}
}

const (
	inFlightMs = 5_000         // the longest wall time from the arrival of an event to the badge
	hourMs     = 60 * minuteMs // beside the minute of the change
	aheadMs    = 5 * minuteMs  // how far ahead of the clock a sale may be when it arrives
)

type changed = history.Item[signal.BadgeChange]

// badges answers /page/badges.
func (p *page) badges(w http.ResponseWriter, r *http.Request) {
	all := func(changed) bool { return true }
	answer(w, http.StatusOK, map[string]any{"from": p.from(p.History.Since()),
		"changes": p.judged(p.History.Badges.Newest(limitOf(r, 1000), all))})
}

// judged returns badge changes with their verdicts. A verdict is made once, because it costs a walk
// over a product's entries, and because the memory loses what it rests on.
func (p *page) judged(changes []changed) []badge {
	p.mu.Lock()
	defer p.mu.Unlock()
	memories := map[string]memory{}
	judged := []badge{}
	for _, c := range changes {
		id := c.Value.ProductID
		v := &p.verdicts[c.N%int64(len(p.verdicts))]
		if v.n != c.N {
			m, ok := memories[id]
			if !ok {
				entries, since := p.History.Product(id, maxEntries)
				if since == 0 && p.Restored() { // there was something before the entries
					since = p.started
				}
				m = memory{distinct(entries), since, p.Clock}
				memories[id] = m
			}
			v.n, v.Verdict = c.N, m.audit(c.Value, p.Weights)
		}
		b := badge{change: change(c.Value), Name: p.name(id), Verdict: v.Verdict}
		if b.Badge == signal.HighDemand {
			b.Weights = &p.Weights
		}
		judged = append(judged, b)
	}
	return judged
}

// memory is what is known about a product.
type memory struct {
	entries []history.Entry // in order of arrival, each event once
	since   int64           // all that arrived since then is there, wall time; 0: all
	clock   clock.Clock
}

// reaches reports whether everything that arrived since the clock showed ms is in memory.
func (m memory) reaches(ms int64) bool {
	return m.since == 0 || m.clock.AtWall(time.UnixMilli(m.since)) <= ms
}

// audit judges a badge change.
func (m memory) audit(c signal.BadgeChange, w Weights) Verdict {
	if c.Badge == signal.LowStock {
		return m.auditLowStock(c)
	}
	if sum := w.Views*c.Views + w.CartAdds*c.CartAdds + w.Units*c.Units; c.Score != sum {
		return verdict(score, "The score is %d, and the weighted sum of its evidence is %d.", c.Score, sum)
	}
	switch from := c.At/minuteMs*minuteMs - hourMs; {
	case c.On && c.Score < c.Enter:
		return verdict(threshold, "The badge went on at a score of %d, below %d.", c.Score, c.Enter)
	case !c.On && c.Score >= c.Exit:
		return verdict(threshold, "The badge went off at a score of %d, not below %d.", c.Score, c.Exit)
	case !m.reaches(from - aheadMs):
		return verdict(unchecked, "The memory does not reach back to the beginning of the hour that was counted.")
	default:
		return m.auditEvidence(c, from)
	}
}

// auditEvidence counts the events since from that had arrived when a badge changed. One that arrived
// in the 5 s before may or may not have been counted.
func (m memory) auditEvidence(c signal.BadgeChange, from int64) Verdict {
	changed := m.clock.WallOf(c.At + 1).UnixMilli()
	least, most := map[event.Type]int64{}, map[event.Type]int64{}
	for _, e := range m.entries {
		if !e.Kind.IsEvent() || e.Wall > changed || e.At < from || c.StoreID != "" && e.Store != c.StoreID {
			continue
		}
		settled := e.Wall <= changed-inFlightMs
		if settled || e.Amount < 0 {
			least[event.Type(e.Kind)] += e.Amount
		}
		if settled || e.Amount > 0 {
			most[event.Type(e.Kind)] += e.Amount
		}
	}
	result, sums := proven, []string{}
	for _, x := range []struct {
		name  string
		of    event.Type
		shown int64
	}{{"views", event.View, c.Views}, {"cart adds", event.CartAdd, c.CartAdds}, {"units sold", event.Sale, c.Units}} {
		low, high := least[x.of], most[x.of]
		sum := fmt.Sprint(low)
		if low < high {
			result, sum = inFlight, fmt.Sprintf("%d to %d", low, high)
		}
		if x.shown < low || x.shown > high {
			return verdict(evidence, "The badge counts %d %s, and the events give %s.", x.shown, x.name, sum)
		}
		sums = append(sums, sum+" "+x.name)
	}
	text := "The events of the hour give " + strings.Join(sums, ", ")
	if result == inFlight {
		text += ": those of the last 5 s before the change may not have been counted"
	}
	return Verdict{result, text + "."}
}

// auditLowStock looks for the stock signal that was made together with the change.
func (m memory) auditLowStock(c signal.BadgeChange) Verdict {
	switch {
	case c.On && c.OnHand > c.Enter:
		return verdict(threshold, "The badge went on at %d on hand, above %d.", c.OnHand, c.Enter)
	case !c.On && c.OnHand <= c.Exit:
		return verdict(threshold, "The badge went off at %d on hand, not above %d.", c.OnHand, c.Exit)
	}
	for _, e := range m.entries {
		if e.Kind == history.Stock && e.Store == c.StoreID && e.At == c.At &&
			e.On && e.Amount == c.OnHand && e.Badge == c.On {
			return verdict(proven, "The stock signal of the same moment has %d on hand.", c.OnHand)
		}
	}
	if !m.reaches(c.At) {
		return verdict(unchecked, "The memory does not reach back to the stock signal of the change.")
	}
	return verdict(evidence, "There is no stock signal of the same moment with %d on hand.", c.OnHand)
}
