package transforms

import (
	"container/list"
	"sync"
)

// imageCache keeps the images of one stage in this process, up to a number of bytes; the least recently used go first. It is
// safe for concurrent use.
type imageCache[I image] struct {
	limit   int
	evicted func(key string, x *cell[I]) // is told what goes for want of room, if it is not nil; it must not call the cache

	mu    sync.Mutex
	bytes int
	byKey map[string]*list.Element
	order *list.List // of *cachedImage, most recently used first
}

type cachedImage[I image] struct {
	key   string
	cell  *cell[I]
	bytes int
}

func newImageCache[I image](limit int) *imageCache[I] {
	return &imageCache[I]{limit: limit, byKey: map[string]*list.Element{}, order: list.New()}
}

// take removes the image of a key and returns it, or nil. Whoever took it is the only one who has it.
func (c *imageCache[I]) take(key string) *cell[I] {
	c.mu.Lock()
	defer c.mu.Unlock()
	e := c.byKey[key]
	if e == nil {
		return nil
	}
	return c.remove(e)
}

// put adds an image, in place of one that another bundle may have put meanwhile.
func (c *imageCache[I]) put(key string, x *cell[I]) {
	bytes := len(key) + x.image.size()
	c.mu.Lock()
	defer c.mu.Unlock()
	if e := c.byKey[key]; e != nil {
		c.remove(e)
	}
	c.byKey[key] = c.order.PushFront(&cachedImage[I]{key: key, cell: x, bytes: bytes})
	c.bytes += bytes
	for c.bytes > c.limit && c.order.Len() > 0 {
		last := c.order.Back()
		key := last.Value.(*cachedImage[I]).key
		if x := c.remove(last); c.evicted != nil {
			c.evicted(key, x)
		}
	}
}

func (c *imageCache[I]) remove(e *list.Element) *cell[I] {
	x := c.order.Remove(e).(*cachedImage[I])
	delete(c.byKey, x.key)
	c.bytes -= x.bytes
	return x.cell
}
