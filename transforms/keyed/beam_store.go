package keyed

import (
	"fmt"
	"math/rand/v2"

	"github.com/apache/beam/sdks/v2/go/pkg/beam/core/state"

	"github.com/beamlytics/streamlytics/internal/metrics"
)

// beamStore keeps logs in the state of the runner, and beside each log a stamp: a random number,
// written at each commit. The decoded image is cached in this process with the stamp of its last
// commit. Open reads the stamp, which is one call to the runner. If it is the cached one, the image
// is current. If not, because the bundle that changed it failed, another worker had the key, or the
// cache evicted it, the image is rebuilt from the log. The elements of a log are those of
// splitRecord.
type beamStore[I Image] struct {
	stamp    *state.Value[int64]
	log      *state.Bag[[]byte]
	cache    *cache[I]
	newImage func() I
	losses   func() int64
	counts   *metrics.Bundle
}

func (s *beamStore[I]) open(p state.Provider, key string) (*Cell[I], error) {
	c := s.cache.take(key)
	s.counts.Add(metrics.StateCalls, 1)
	stamp, ok, err := s.stamp.Read(p)
	switch {
	case err != nil:
		return nil, fmt.Errorf("read the stamp of key %s: %w", key, err)
	case !ok:
		return nil, nil
	case c != nil && c.stamp == stamp:
		return c, nil
	}
	s.counts.Add(metrics.ImageMisses, 1)
	s.counts.Add(metrics.StateCalls, 1)
	elements, _, err := s.log.Read(p)
	if err != nil {
		return nil, fmt.Errorf("read the log of key %s: %w", key, err)
	}
	c = &Cell[I]{Image: s.newImage(), stamp: stamp}
	var records [][]byte
	if records, c.seq, err = joinElements(elements); err != nil {
		return nil, fmt.Errorf("read the log of key %s: %w", key, err)
	}
	c.published = s.losses()
	if n, err := c.replay(records); err != nil {
		return nil, fmt.Errorf("replay record %d of %d of the log of key %s: %w", n, len(records), key, err)
	}
	return c, nil
}

func (s *beamStore[I]) keep(key string, c *Cell[I]) { s.cache.put(key, c) }

func (s *beamStore[I]) commit(p state.Provider, key string, c *Cell[I], record []byte, anew bool) error {
	c.stamp = rand.Int64()
	s.counts.Add(metrics.StateCalls, 2) // a write is a clear and an append
	if err := s.stamp.Write(p, c.stamp); err != nil {
		return fmt.Errorf("write the stamp of key %s: %w", key, err)
	}
	if anew {
		s.counts.Add(metrics.StateCalls, 1)
		if err := s.log.Clear(p); err != nil {
			return fmt.Errorf("clear the log of key %s: %w", key, err)
		}
	}
	for _, element := range splitRecord(c.seq, record) {
		s.counts.Add(metrics.StateCalls, 1)
		if err := s.log.Add(p, element); err != nil {
			return fmt.Errorf("append to the log of key %s: %w", key, err)
		}
	}
	s.cache.put(key, c)
	return nil
}
