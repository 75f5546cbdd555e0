package metrics

import (
	"maps"
	"sync"

	"github.com/beamlytics/streamlytics/event"
)

// ignoredByName counts ignored events by name. It is safe for concurrent use.
type ignoredByName struct {
	mu sync.Mutex
	n  map[string]int64
}

func (c *ignoredByName) add(name string, n int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.n == nil {
		c.n = map[string]int64{}
	}
	if _, ok := c.n[name]; !ok && len(c.n) >= event.MaxIgnoredNames {
		name = event.OtherIgnored
	}
	c.n[name] += n
}

// IgnoredByName returns the number of ignored events by name. It has at most 51 names: the first 50
// and "other".
func (p *Process) IgnoredByName() map[string]int64 {
	p.ignored.mu.Lock()
	defer p.ignored.mu.Unlock()
	return maps.Clone(p.ignored.n)
}
