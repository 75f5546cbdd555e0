package transforms

import (
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
	make func() I

	mu     sync.Mutex
	images *imageCache[I]
	keys   map[string]*held
}

// held is what the store knows of a key whose image is not decoded.
type held struct {
	out      bool   // with a bundle
	packed   []byte // the image's snapshot, nil while it is out or decoded
	seq      int64  // of the cell, while packed
	logged   int
	snapshot int
}

func newProcessStore[I image](limit int, newImage func() I) *processStore[I] {
	s := &processStore[I]{make: newImage, images: newImageCache[I](limit), keys: map[string]*held{}}
	s.images.evicted = func(key string, c *cell[I]) { // within put
		h := s.keys[key]
		h.packed, h.seq, h.logged, h.snapshot = c.image.snapshot(), c.seq, c.logged, c.snapshot
	}
	return s
}

// take takes the cell of a key out, nil if there is none, and says whether its image had to be unpacked. A key is out also when it
// had no cell.
func (s *processStore[I]) take(key string) (c *cell[I], missed bool, err error) {
	s.mu.Lock()
	h := s.keys[key]
	if h == nil {
		s.keys[key] = &held{out: true}
		s.mu.Unlock()
		return nil, false, nil
	}
	if h.out {
		s.mu.Unlock()
		return nil, false, fmt.Errorf("the state of key %s was lost with the bundle that had it", key)
	}
	h.out = true
	if c = s.images.take(key); c != nil {
		s.mu.Unlock()
		return c, false, nil
	}
	packed := h.packed
	h.packed = nil
	c = &cell[I]{image: s.make(), seq: h.seq, logged: h.logged, snapshot: h.snapshot}
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
	s.keys[key].out = false
	s.images.put(key, c)
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
