package page

import (
	"maps"
	"net/http"

	"github.com/beamlytics/streamlytics/internal/history"
	"github.com/beamlytics/streamlytics/signal"
)

// maxVerdicts bounds how many verdicts are kept. Each costs a walk over a product's entries.
const maxVerdicts = 4096

// badges answers /page/badges.
func (p *page) badges(w http.ResponseWriter, r *http.Request) {
	limit, ok := limitOf(w, r, 200, 1000)
	if !ok {
		return
	}
	answer(w, http.StatusOK, struct {
		From    int64   `json:"from"`
		Changes []badge `json:"changes"`
	}{p.arrived(p.History.Reach().Wall), p.judged(p.History.Badges("", limit))})
}

// changesOf returns the badge changes of a product, the newest first.
func (p *page) changesOf(product string) []history.Badge {
	return p.History.Badges(product, maxChanges)
}

// judged returns badge changes with their verdicts. A verdict is made once, because the memory
// loses what it rests on.
func (p *page) judged(changes []history.Badge) []badge {
	memories := map[string]memory{}
	judged := make([]badge, 0, len(changes))
	for _, c := range changes {
		p.mu.Lock()
		verdict, ok := p.verdicts[c.N]
		p.mu.Unlock()
		if !ok {
			m, ok := memories[c.ProductID]
			if !ok {
				m = p.memoryOf(c.ProductID)
				memories[c.ProductID] = m
			}
			verdict = m.audit(c.BadgeChange, p.Weights)
			p.keep(c.N, verdict)
		}
		judged = append(judged, p.badgeOf(c, verdict))
	}
	return judged
}

func (p *page) memoryOf(product string) memory {
	entries, reach := p.History.Product(product, maxEntries)
	return memory{entries: distinct(entries), reach: reach, clock: p.Clock, whole: !p.restored()}
}

// keep keeps the verdict on the change of a number.
func (p *page) keep(n uint64, v Verdict) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.verdicts == nil {
		p.verdicts = map[uint64]Verdict{}
	}
	p.verdicts[n] = v
	if len(p.verdicts) > maxVerdicts {
		maps.DeleteFunc(p.verdicts, func(other uint64, _ Verdict) bool { return other+maxVerdicts/2 < n })
	}
}

func (p *page) badgeOf(c history.Badge, v Verdict) badge {
	b := badge{Badge: c.Badge, On: c.On, StoreID: c.StoreID, ProductID: c.ProductID, Name: p.name(c.ProductID),
		At: c.At, Score: c.Score, Views: c.Views, CartAdds: c.CartAdds, Units: c.Units, OnHand: c.OnHand,
		Enter: c.Enter, Exit: c.Exit, Verdict: v}
	if c.Badge == signal.HighDemand {
		b.Weights = &p.Weights
	}
	return b
}
