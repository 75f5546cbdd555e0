package transforms

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/apache/beam/sdks/v2/go/pkg/beam/core/state"

	"github.com/beamlytics/streamlytics/internal/metrics"
	"github.com/beamlytics/streamlytics/signal"
)

// The state scheme of both keyed stages, "journal and stamp".
//
// The state of a Beam key is an image: a Go structure that is too large to write on each change. In Beam's state stands a log of
// what was applied to it, now and then begun anew with a snapshot, and a stamp: a random number that is written with each
// change. The image itself is cached in the process together with the stamp of its last commit. A bundle reads the stamp, which
// is one call: if it is the cached one, the image is what the log says; if not, because the bundle that changed it failed, or
// the key has been elsewhere, or the cache let go of it, the image is rebuilt from the log. An image is out of the cache while it
// is being changed, so that one with uncommitted changes can never be taken for a committed one.
//
// What is applied must be a function of the image and the log record alone. Records carry the clock for that reason.

// image is the decoded state of one Beam key.
type image interface {
	// replay applies one record of the log, a snapshot included.
	replay(record []byte) error
	// snapshot returns a record that makes an empty image equal to this one.
	snapshot() []byte
	// size is roughly the bytes of memory the image takes. It must not depend on how the image came to be.
	size() int
}

// cell is an image with what is known about its log.
type cell[I image] struct {
	image    I
	stamp    int64
	logged   int  // bytes of the log behind its snapshot
	snapshot int  // bytes of the snapshot
	restored bool // made from the mirror, and not yet in Beam's state
}

// journal opens and commits the cells of one stage.
type journal[I image] struct {
	stamp *state.Value[int64]
	log   *state.Bag[[]byte]
	cache *imageCache[I]
	make  func() I
	count *metrics.Bundle
	// restore returns the log of a key of which Beam has no state, nil if there is none; it is nil where nothing is restored.
	restore func(ctx context.Context, key string) ([][]byte, error)
	seqs    *sequences
	// lost reports, once, whether the mirror of a key's log is gone and must begin anew; nil where there is no mirror.
	lost func(key string) bool
}

// open returns the image of a key as of its last commit. The caller changes it and hands it to commit, or back to keep when it
// changed nothing; if it does neither, because of an error, the image is rebuilt next time.
func (j *journal[I]) open(ctx context.Context, p state.Provider, key string) (*cell[I], error) {
	c := j.cache.take(key)
	j.count.Add(metrics.StateCalls, 1)
	stamp, ok, err := j.stamp.Read(p)
	if err != nil {
		return nil, fmt.Errorf("read the stamp of key %s: %w", key, err)
	}
	if c != nil && ok && c.stamp == stamp {
		return c, nil
	}
	c = &cell[I]{image: j.make(), stamp: stamp}
	var records [][]byte
	switch {
	case ok:
		j.count.Add(metrics.ImageMisses, 1)
		j.count.Add(metrics.StateCalls, 1)
		if records, _, err = j.log.Read(p); err != nil {
			return nil, fmt.Errorf("read the log of key %s: %w", key, err)
		}
	case j.restore != nil:
		if records, err = j.restore(ctx, key); err != nil {
			return nil, fmt.Errorf("restore the state of key %s: %w", key, err)
		}
		c.restored = len(records) > 0
	}
	for i, r := range records {
		if err := c.image.replay(r); err != nil {
			return nil, fmt.Errorf("replay record %d of %d of the log of key %s: %w", i+1, len(records), key, err)
		}
		if i == 0 {
			c.snapshot = len(r)
		} else {
			c.logged += len(r)
		}
	}
	return c, nil
}

// keep returns an image that was not changed.
func (j *journal[I]) keep(key string, c *cell[I]) { j.cache.put(key, c) }

// commit writes what was applied to the image since open, and returns what the mirror of the log must write too.
func (j *journal[I]) commit(p state.Provider, key string, c *cell[I], record []byte) (w signal.LogWrite, err error) {
	c.stamp = rand.Int64()
	j.count.Add(metrics.StateCalls, 2) // a write is a clear and an append
	if err := j.stamp.Write(p, c.stamp); err != nil {
		return w, fmt.Errorf("write the stamp of key %s: %w", key, err)
	}
	if w.Anew = c.restored || j.lost != nil && j.lost(key) || c.logged+len(record) > 2*c.snapshot+1024; w.Anew {
		record = c.image.snapshot()
		j.count.Add(metrics.StateCalls, 1)
		if err := j.log.Clear(p); err != nil {
			return w, fmt.Errorf("clear the log of key %s: %w", key, err)
		}
		c.snapshot, c.logged = len(record), 0
	} else {
		c.logged += len(record)
	}
	j.count.Add(metrics.StateCalls, 1)
	if err := j.log.Add(p, record); err != nil {
		return w, fmt.Errorf("append to the log of key %s: %w", key, err)
	}
	c.restored = false
	j.cache.put(key, c)
	w.Key, w.Record = key, record
	w.Prev, w.Seq = j.seqs.next(key)
	return w, nil
}

// sequences counts the log writes of each key in this process. A count never falls behind the wall clock in microseconds, so that
// it goes on upwards where a key moves to another process. It is safe for concurrent use.
type sequences struct {
	mu   sync.Mutex
	last map[string]int64
}

func newSequences() *sequences { return &sequences{last: map[string]int64{}} }

func (s *sequences) next(key string) (prev, n int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	prev = s.last[key]
	n = max(prev+1, time.Now().UnixMicro())
	s.last[key] = n
	return prev, n
}
