package transforms

import (
	"sync"
	"time"

	"github.com/beamlytics/streamlytics/internal/metrics"
)

// paces holds when each product group was evaluated last and whether changes of it are pending. It
// is not state: without it a group is evaluated sooner. It is safe for concurrent use.
type paces struct {
	mu   sync.Mutex
	keys map[string]*pace
}

type pace struct {
	evaluated time.Time
	pending   bool
	oldest    int64 // publish time of the oldest pending event, epoch ms; 0 unknown
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

// pending records that a group has changes that are not evaluated yet, the oldest published at a
// time, epoch ms, 0 unknown. It counts the group in m.
func (p *paces) pending(m *metrics.Process, key string, publishedAt int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	k := p.of(key)
	if !k.pending {
		k.pending, k.oldest = true, 0
		m.VelocityPending.Add(1)
	}
	k.oldest = older(k.oldest, publishedAt)
}

// older returns the earlier of two publish times, of which 0 is unknown.
func older(a, b int64) int64 {
	if a == 0 || b != 0 && b < a {
		return b
	}
	return a
}

// last returns when the group was evaluated last.
func (p *paces) last(key string) time.Time {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.of(key).evaluated
}

// evaluated records that the group was evaluated. It reports whether changes were pending, and when
// the oldest was published.
func (p *paces) evaluated(key string, now time.Time) (publishedAt int64, had bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	k := p.of(key)
	k.evaluated = now
	if k.pending {
		k.pending = false
		return k.oldest, true
	}
	return 0, false
}
