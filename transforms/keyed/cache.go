package keyed

import (
	"container/list"
	"maps"
	"slices"
	"sync"
)

// cache keeps decoded images in this process, up to a number of bytes. It evicts the least recently
// used first. It is safe for concurrent use.
type cache[I Image] struct {
	limit   int
	evicted func(key string, x *Cell[I]) // if not nil, called with what is evicted; it must not call the cache

	mu    sync.Mutex
	bytes int
	byKey map[string]*list.Element
	order *list.List // of *cached, most recently used first
}

type cached[I Image] struct {
	key   string
	cell  *Cell[I]
	bytes int
}

func newCache[I Image](limit int) *cache[I] {
	return &cache[I]{limit: limit, byKey: map[string]*list.Element{}, order: list.New()}
}

// take removes the image of a key and returns it, or nil.
func (c *cache[I]) take(key string) *Cell[I] {
	c.mu.Lock()
	defer c.mu.Unlock()
	e := c.byKey[key]
	if e == nil {
		return nil
	}
	return c.remove(e)
}

// put adds an image. It replaces one that another bundle put meanwhile.
func (c *cache[I]) put(key string, x *Cell[I]) {
	bytes := len(key) + x.Image.Size()
	c.mu.Lock()
	defer c.mu.Unlock()
	if e := c.byKey[key]; e != nil {
		c.remove(e)
	}
	c.byKey[key] = c.order.PushFront(&cached[I]{key: key, cell: x, bytes: bytes})
	c.bytes += bytes
	for c.bytes > c.limit && c.order.Len() > 0 {
		last := c.order.Back()
		key := last.Value.(*cached[I]).key
		if x := c.remove(last); c.evicted != nil {
			c.evicted(key, x)
		}
	}
}

func (c *cache[I]) remove(e *list.Element) *Cell[I] {
	x := c.order.Remove(e).(*cached[I])
	delete(c.byKey, x.key)
	c.bytes -= x.bytes
	return x.cell
}

// names lists the keys.
func (c *cache[I]) names() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Collect(maps.Keys(c.byKey))
}
