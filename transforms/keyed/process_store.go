package keyed

import (
	"fmt"
	"maps"
	"slices"
	"sync"

	"github.com/apache/beam/sdks/v2/go/pkg/beam/core/state"

	"github.com/beamlytics/streamlytics/internal/metrics"
	"github.com/beamlytics/streamlytics/internal/process"
)

// processStore keeps images in this process. Images up to a number of bytes stay decoded; beyond
// it, the least recently used are kept as snapshots, which are several times smaller. An image that
// a failed bundle changed is lost, and opening it is an error. The store is safe for concurrent
// use.
type processStore[I Image] struct {
	newImage func() I

	mu     sync.Mutex
	images *cache[I]
	keys   map[string]*slot[I]
}

// slot is the state of one key in the store.
type slot[I Image] struct {
	out    bool    // with a bundle
	cell   Cell[I] // without an image, while packed
	packed []byte  // the snapshot of the image; nil while it is out or decoded
}

// sharedStore returns the store of a stage that the DoFns of this process share.
func sharedStore[I Image](env *process.Env, stage string, limit int, newImage func() I) (*processStore[I], error) {
	return process.Shared(env, stage+" state", func() (*processStore[I], error) {
		return newProcessStore(limit, newImage), nil
	})
}

func newProcessStore[I Image](limit int, newImage func() I) *processStore[I] {
	s := &processStore[I]{newImage: newImage, images: newCache[I](limit), keys: map[string]*slot[I]{}}
	s.images.evicted = func(key string, c *Cell[I]) { // within put
		h := s.keys[key]
		h.packed, h.cell = c.Image.Snapshot(), *c
		var none I
		h.cell.Image = none
	}
	return s
}

// take takes the cell of a key out, or nil if there is none, and reports whether its image was
// packed. A key is out also when it had no cell.
func (s *processStore[I]) take(key string) (c *Cell[I], packed bool, err error) {
	s.mu.Lock()
	h := s.keys[key]
	if h == nil {
		s.keys[key] = &slot[I]{out: true}
		s.mu.Unlock()
		return nil, false, nil
	}
	if h.out {
		s.mu.Unlock()
		return nil, false, fmt.Errorf("the state of key %s was lost in a bundle that failed", key)
	}
	h.out = true
	if c = s.images.take(key); c != nil {
		s.mu.Unlock()
		return c, false, nil
	}
	snapshot, cell := h.packed, h.cell
	h.packed = nil
	s.mu.Unlock()
	cell.Image = s.newImage()
	if err := cell.Image.Replay(snapshot); err != nil {
		return nil, true, fmt.Errorf("unpack the state of key %s: %w", key, err)
	}
	return &cell, true, nil
}

// add puts in the cell of a new key.
func (s *processStore[I]) add(key string, c *Cell[I]) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.keys[key] = &slot[I]{}
	s.images.put(key, c)
}

// put puts a cell back.
func (s *processStore[I]) put(key string, c *Cell[I]) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.keys[key].out = false
	s.images.put(key, c)
}

// names lists the keys.
func (s *processStore[I]) names() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Collect(maps.Keys(s.keys))
}

// bundleStore is a processStore as one DoFn uses it.
type bundleStore[I Image] struct {
	*processStore[I]
	counts *metrics.Bundle
}

func (s bundleStore[I]) open(_ state.Provider, key string) (*Cell[I], error) {
	c, packed, err := s.take(key)
	if packed {
		s.counts.Add(metrics.ImageMisses, 1)
	}
	return c, err
}

func (s bundleStore[I]) keep(key string, c *Cell[I]) { s.put(key, c) }

func (s bundleStore[I]) commit(_ state.Provider, key string, c *Cell[I], _ []byte, _ bool) error {
	s.put(key, c)
	return nil
}
