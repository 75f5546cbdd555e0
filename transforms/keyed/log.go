package keyed

import (
	"fmt"
	"sync/atomic"
	"time"

	"github.com/apache/beam/sdks/v2/go/pkg/beam/core/state"

	"github.com/beamlytics/streamlytics/internal/batch"
	"github.com/beamlytics/streamlytics/internal/metrics"
	"github.com/beamlytics/streamlytics/internal/process"
)

// Config is where the state of a stage is kept.
type Config struct {
	// InProcess keeps images in the memory of this process. It is for a runner that keeps state in
	// the memory of the same process: a second copy there adds cost and no durability. Such a
	// runner gives a key to one bundle at a time, and a failed bundle ends its job. Otherwise the
	// runner keeps the state.
	InProcess bool
	// CacheBytes bounds the decoded images of a stage in this process.
	CacheBytes int
	// Mirrored makes Commit return the log writes of a mirror. It needs InProcess.
	Mirrored bool
}

// store keeps the cells of one stage between bundles. A cell is out of its store while a bundle
// changes it, so an image with uncommitted changes is never taken for a committed one. A store is
// safe for concurrent use; one bundle has a key at a time.
type store[I Image] interface {
	// open takes the cell of a key out, as of its last commit, or nil if the key has none.
	open(p state.Provider, key string) (*Cell[I], error)
	// keep puts back a cell that was not changed.
	keep(key string, c *Cell[I])
	// commit puts back a cell to which record was applied. If anew, record is a snapshot and the
	// first of the log.
	commit(p state.Provider, key string, c *Cell[I], record []byte, anew bool) error
}

// Log opens and commits the images of one stage. It belongs to one DoFn.
type Log[I Image] struct {
	store    store[I]
	newImage func() I
	config   Config
	losses   func() int64
	counts   *metrics.Bundle
}

// NewLog returns the log of a stage. DoFns of one process share the images of a stage. Stamp and
// records are where the runner keeps the state.
func NewLog[I Image](env *process.Env, stage string, c Config, newImage func() I,
	stamp *state.Value[int64], records *state.Bag[[]byte], counts *metrics.Bundle) (*Log[I], error) {
	l := &Log[I]{newImage: newImage, config: c, losses: env.Losses, counts: counts}
	if c.InProcess {
		s, err := sharedStore(env, stage, c.CacheBytes, newImage)
		if err != nil {
			return nil, err
		}
		l.store = bundleStore[I]{s, counts}
		return l, shareKeys(env, stage, s.names)
	}
	cache, err := process.Shared(env, stage+" images", func() (*cache[I], error) {
		return newCache[I](c.CacheBytes), nil
	})
	if err != nil {
		return nil, err
	}
	l.store = &beamStore[I]{stamp: stamp, log: records, cache: cache, newImage: newImage,
		losses: env.Losses, counts: counts}
	return l, shareKeys(env, stage, cache.names)
}

// keys lists the keys of a stage whose state this process has at hand.
type keys struct {
	list atomic.Pointer[func() []string]
}

func sharedKeys(env *process.Env, stage string) (*keys, error) {
	return process.Shared(env, stage+" keys", func() (*keys, error) { return &keys{}, nil })
}

func shareKeys(env *process.Env, stage string, list func() []string) error {
	k, err := sharedKeys(env, stage)
	if err == nil {
		k.list.Store(&list)
	}
	return err
}

// Keys returns the keys of a stage whose state this process has at hand: all keys where state is
// kept in the process.
func Keys(env *process.Env, stage string) ([]string, error) {
	k, err := sharedKeys(env, stage)
	if err != nil {
		return nil, err
	}
	if list := k.list.Load(); list != nil {
		return (*list)(), nil
	}
	return nil, nil
}

// Open returns the image of a key as of its last commit. The caller changes it and calls Commit, or
// Keep if it changed nothing. If it calls neither, because of an error, its bundle must fail.
func (l *Log[I]) Open(p state.Provider, key string) (*Cell[I], error) {
	c, err := l.store.open(p, key)
	if c == nil && err == nil {
		c = &Cell[I]{Image: l.newImage(), published: l.losses()}
	}
	return c, err
}

// NeedsRepublish reports whether Redis lost data after the key was last published as a whole. On a
// runner with several workers it is also true if asked, the request of another DoFn. If it is true,
// the caller publishes everything that the image holds.
func (l *Log[I]) NeedsRepublish(c *Cell[I], asked bool) bool {
	losses := l.losses()
	// Each worker of the runner counts losses by itself, so the numbers of two workers cannot be
	// compared.
	if c.published >= losses && !(asked && !l.config.InProcess) {
		return false
	}
	c.published, c.anew = losses, true
	return true
}

// Keep returns an image that was not changed.
func (l *Log[I]) Keep(key string, c *Cell[I]) { l.store.keep(key, c) }

// Commit records what was applied to an image since Open. If mirrored, w must be written to the
// mirror before the signals that the record caused. The caller must not use the cell
// afterwards; w may alias record.
func (l *Log[I]) Commit(p state.Provider, key string, c *Cell[I], record []byte) (
	w batch.LogWrite, mirrored bool, err error) {
	// An event takes three to four times as much memory in the image as in its record. Tidying at
	// an eighth keeps an image from growing by half before old data goes.
	if c.untidy += len(record); c.untidy > c.Image.Size()/8+1024 {
		c.Image.Tidy()
		c.untidy = 0
	}
	if l.config.InProcess && !l.config.Mirrored {
		return w, false, l.store.commit(p, key, c, nil, false)
	}
	anew := c.anew || c.logged+len(record) > 2*c.snapshot+1024
	if c.anew = false; anew {
		record = c.Image.Snapshot()
		c.snapshot, c.logged = len(record), 0
		l.counts.Snapshot(len(record))
	} else {
		c.logged += len(record)
	}
	w = batch.LogWrite{Key: key, Prev: c.seq, Losses: l.losses(), Anew: anew, Record: record}
	c.seq = max(c.seq+1, time.Now().UnixMicro())
	w.Seq = c.seq
	if err := l.store.commit(p, key, c, record, anew); err != nil {
		return w, false, fmt.Errorf("commit the state of key %s: %w", key, err)
	}
	return w, l.config.Mirrored, nil
}
