package keyed

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
)

// lump is an image of nothing but a size.
type lump int

func (l lump) Replay([]byte) error { return nil }
func (l lump) Snapshot() []byte    { return nil }
func (l lump) Size() int           { return int(l) }

func (lump) Tidy() {}

func lumpCell(size int) *Cell[lump] { return &Cell[lump]{Image: lump(size)} }

func TestCacheTakeRemoves(t *testing.T) {
	c := newCache[lump](100)
	if c.take("a") != nil {
		t.Error("an empty cache has an image")
	}
	x := lumpCell(1)
	c.put("a", x)
	if c.take("a") != x {
		t.Error("the image is not what was put")
	}
	if c.take("a") != nil || c.bytes != 0 {
		t.Errorf("the image is still there, or its %d bytes are", c.bytes)
	}
}

func TestCachePutReplaces(t *testing.T) {
	c := newCache[lump](100)
	c.put("a", lumpCell(1))
	x := lumpCell(2)
	c.put("a", x)
	if c.bytes != 3 || c.take("a") != x || c.order.Len() != 0 {
		t.Errorf("after the second image of a key: %d bytes, %d more images", c.bytes, c.order.Len())
	}
}

func TestCacheLeastRecentlyUsedGoesFirst(t *testing.T) {
	c := newCache[lump](33)
	for _, key := range []string{"a", "b", "c"} {
		c.put(key, lumpCell(10))
	}
	c.put("a", c.take("a")) // used
	c.put("d", lumpCell(10))
	if c.take("b") != nil {
		t.Error("the least recently used image is still there")
	}
	for _, key := range []string{"a", "c", "d"} {
		if c.take(key) == nil {
			t.Errorf("the image of %s is gone", key)
		}
	}
}

func TestCacheTooSmallForAnything(t *testing.T) {
	c := newCache[lump](1)
	c.put("a", lumpCell(1))
	if c.take("a") != nil || c.bytes != 0 {
		t.Errorf("an image larger than the cache is in it; %d bytes", c.bytes)
	}
}

func TestCacheUnderConcurrency(t *testing.T) {
	c := newCache[lump](500)
	var work sync.WaitGroup
	for w := range 8 {
		work.Go(func() {
			r := rand.New(rand.NewPCG(1, uint64(w)))
			for range 2000 {
				key := fmt.Sprint(r.IntN(20))
				x := c.take(key)
				if x == nil {
					x = lumpCell(r.IntN(100))
				}
				x.logged++ // the race detector sees it if another goroutine has the image too
				c.put(key, x)
			}
		})
	}
	work.Wait()
	sum := 0
	for _, e := range c.byKey {
		x := e.Value.(*cached[lump])
		sum += len(x.key) + x.cell.Image.Size()
	}
	if c.bytes != sum || sum > c.limit || len(c.byKey) != c.order.Len() {
		t.Errorf("%d bytes by count, %d in %d images, %d in order", c.bytes, sum, len(c.byKey), c.order.Len())
	}
}
