package transforms

import (
	"fmt"
	"math/rand/v2"

	"github.com/apache/beam/sdks/v2/go/pkg/beam/core/state"

	"github.com/beamlytics/streamlytics/internal/metrics"
)

// beamStore keeps logs in Beam's state, with a stamp beside each: a random number that is written with every change. The image
// is cached in the process together with the stamp of its last commit. A bundle reads the stamp, which is one call to the
// runner: if it is the cached one, the image is what the log says; if not, because the bundle that changed it failed, or the key
// has been elsewhere, or the cache let go of it, the image is rebuilt from the log. The log's elements are those of splitRecord.
type beamStore[I image] struct {
	stamp *state.Value[int64]
	log   *state.Bag[[]byte]
	cache *imageCache[I]
	make  func() I
	count *metrics.Bundle
}

func (s *beamStore[I]) open(p state.Provider, key string) (*cell[I], error) {
	c := s.cache.take(key)
	s.count.Add(metrics.StateCalls, 1)
	stamp, ok, err := s.stamp.Read(p)
	switch {
	case err != nil:
		return nil, fmt.Errorf("read the stamp of key %s: %w", key, err)
	case !ok:
		return nil, nil
	case c != nil && c.stamp == stamp:
		return c, nil
	}
	s.count.Add(metrics.ImageMisses, 1)
	s.count.Add(metrics.StateCalls, 1)
	elements, _, err := s.log.Read(p)
	if err != nil {
		return nil, fmt.Errorf("read the log of key %s: %w", key, err)
	}
	c = &cell[I]{image: s.make(), stamp: stamp}
	var records [][]byte
	if records, c.seq, err = joinElements(elements); err != nil {
		return nil, fmt.Errorf("read the log of key %s: %w", key, err)
	}
	return c, c.replay(key, records)
}

func (s *beamStore[I]) keep(key string, c *cell[I]) { s.cache.put(key, c) }

func (s *beamStore[I]) commit(p state.Provider, key string, c *cell[I], record []byte, anew bool) error {
	c.stamp = rand.Int64()
	s.count.Add(metrics.StateCalls, 2) // a write is a clear and an append
	if err := s.stamp.Write(p, c.stamp); err != nil {
		return fmt.Errorf("write the stamp of key %s: %w", key, err)
	}
	if anew {
		s.count.Add(metrics.StateCalls, 1)
		if err := s.log.Clear(p); err != nil {
			return fmt.Errorf("clear the log of key %s: %w", key, err)
		}
	}
	for _, element := range splitRecord(c.seq, record) {
		s.count.Add(metrics.StateCalls, 1)
		if err := s.log.Add(p, element); err != nil {
			return fmt.Errorf("append to the log of key %s: %w", key, err)
		}
	}
	s.cache.put(key, c)
	return nil
}
