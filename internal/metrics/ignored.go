package metrics

import (
	"maps"
	"sync"
)

const (
	// maxIgnoredNames bounds the names that ignored events are counted under.
	maxIgnoredNames = 50
	// otherName stands for the names beyond it.
	otherName = "other"
)

// ignoredByName counts ignored events by their names. It is safe for concurrent use.
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
	if _, ok := c.n[name]; !ok && len(c.n) >= maxIgnoredNames {
		name = otherName
	}
	c.n[name] += n
}

// IgnoredByName returns how many events were ignored so far, by name. It holds at most 51 names, of which
// "other" stands for all that came after the first 50.
func (p *Process) IgnoredByName() map[string]int64 {
	p.ignored.mu.Lock()
	defer p.ignored.mu.Unlock()
	return maps.Clone(p.ignored.n)
}
