package transforms

import (
	"sync"
	"time"

	"github.com/beamlytics/streamlytics/internal/metrics"
)

// paces remembers per product group when it was evaluated last and whether it has something to say. It is no state: when it is
// lost, a group is evaluated sooner. It is safe for concurrent use.
type paces struct {
	mu   sync.Mutex
	keys map[string]*pace
}

type pace struct {
	evaluated time.Time
	pending   bool
}

func newPaces() *paces { return &paces{keys: map[string]*pace{}} }

func (p *paces) of(key string) *pace {
	k := p.keys[key]
	if k == nil {
		k = &pace{}
		p.keys[key] = k
	}
	return k
}

// pending notes that a group has changes that are not said yet; m counts the groups that do.
func (p *paces) pending(m *metrics.Process, key string, dirty bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if k := p.of(key); dirty && !k.pending {
		k.pending = true
		m.VelocityPending.Add(1)
	}
}

// last is when the group was evaluated last.
func (p *paces) last(key string) time.Time {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.of(key).evaluated
}

// evaluated notes that the group has said everything, and returns 1 if it had something to say, else 0.
func (p *paces) evaluated(key string, now time.Time) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	k := p.of(key)
	k.evaluated = now
	if k.pending {
		k.pending = false
		return 1
	}
	return 0
}
