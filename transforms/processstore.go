package transforms

import (
	"container/list"
	"fmt"
	"sync"

	"github.com/apache/beam/sdks/v2/go/pkg/beam/core/state"

	"github.com/beamlytics/streamlytics/internal/metrics"
)

// processStore keeps images in this process. It is for a runner that lives in the same process and keeps Beam's state in its
// memory, as Prism does: the runner's copy would be lost at the same moments, takes as much memory again, and every call for it is
// a round trip through a socket. Such a runner must hand each key to one bundle at a time, and fail the job when a bundle fails:
// an image that a failed bundle has changed is gone, and asking for it is an error.
//
// Images up to a number of bytes stay decoded; beyond that, the least recently used are kept as snapshots, several times smaller.
// It is safe for concurrent use.
type processStore[I image] struct {
	limit int
	make  func() I

	mu    sync.Mutex
	keys  map[string]*held[I]
	order *list.List // of *held with an image, most recently used first
	bytes int        // of those
}

// held is what the store has of one key.
type held[I image] struct {
	key      string
	cell     *cell[I] // nil: out with a bundle, or packed
	out      bool
	packed   []byte // the image's snapshot
	logged   int    // of the cell, while packed
	snapshot int
	bytes    int
	place    *list.Element
}

func newProcessStore[I image](limit int, newImage func() I) *processStore[I] {
	return &processStore[I]{limit: limit, make: newImage, keys: map[string]*held[I]{}, order: list.New()}
}

// take takes the cell of a key out, nil if there is none, and says whether its image had to be unpacked. A key is out also when it
// had no cell.
func (s *processStore[I]) take(key string) (c *cell[I], missed bool, err error) {
	s.mu.Lock()
	h := s.keys[key]
	switch {
	case h == nil:
		s.keys[key] = &held[I]{key: key, out: true}
		s.mu.Unlock()
		return nil, false, nil
	case h.out:
		s.mu.Unlock()
		return nil, false, fmt.Errorf("the state of key %s was lost with the bundle that had it", key)
	case h.cell != nil:
		c, h.cell, h.out = h.cell, nil, true
		s.order.Remove(h.place)
		h.place = nil
		s.bytes -= h.bytes
		s.mu.Unlock()
		return c, false, nil
	}
	packed := h.packed
	h.packed, h.out = nil, true
	c = &cell[I]{image: s.make(), logged: h.logged, snapshot: h.snapshot}
	s.mu.Unlock()
	if err := c.image.replay(packed); err != nil {
		return nil, true, fmt.Errorf("unpack the state of key %s: %w", key, err)
	}
	return c, true, nil
}

// put puts a cell in.
func (s *processStore[I]) put(key string, c *cell[I]) {
	s.mu.Lock()
	defer s.mu.Unlock()
	h := s.keys[key]
	h.cell, h.out, h.bytes = c, false, len(key)+c.image.size()
	h.place = s.order.PushFront(h)
	s.bytes += h.bytes
	for s.bytes > s.limit && s.order.Len() > 0 {
		last := s.order.Remove(s.order.Back()).(*held[I])
		last.packed = last.cell.image.snapshot()
		last.logged, last.snapshot = last.cell.logged, last.cell.snapshot
		last.cell, last.place = nil, nil
		s.bytes -= last.bytes
	}
}

// bundleStore is a processStore as one DoFn uses it.
type bundleStore[I image] struct {
	*processStore[I]
	count *metrics.Bundle
}

func (s bundleStore[I]) open(_ state.Provider, key string) (*cell[I], error) {
	c, missed, err := s.take(key)
	if missed {
		s.count.Add(metrics.ImageMisses, 1)
	}
	return c, err
}

func (s bundleStore[I]) keep(key string, c *cell[I]) { s.put(key, c) }

func (s bundleStore[I]) commit(_ state.Provider, key string, c *cell[I], _ []byte, _ bool) error {
	s.put(key, c)
	return nil
}
