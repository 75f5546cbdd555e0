package keyed

import (
	"fmt"

	"github.com/beamlytics/streamlytics/internal/process"
)

// Restored fills the store of a stage in this process before the graph starts. It is safe for
// concurrent use; each key is restored once.
type Restored[I Image] struct {
	store    *processStore[I]
	newImage func() I
}

// NewRestored returns what restores a stage. Config and newImage are those of the stage's NewLog.
func NewRestored[I Image](env *process.Env, stage string, c Config, newImage func() I) (*Restored[I], error) {
	s, err := sharedStore(env, stage, c.CacheBytes, newImage)
	if err != nil {
		return nil, err
	}
	return &Restored[I]{store: s, newImage: newImage}, shareKeys(env, stage, s.names)
}

// Replay makes the image of a key from its log, of which the last write had the number seq. Look,
// if not nil, sees the image before it is put into the store.
func (r *Restored[I]) Replay(key string, records [][]byte, seq int64, look func(I)) error {
	c := &Cell[I]{Image: r.newImage(), seq: seq, anew: true}
	if n, err := c.replay(records); err != nil {
		return fmt.Errorf("replay record %d of %d of the log of key %s: %w", n, len(records), key, err)
	}
	if look != nil {
		look(c.Image)
	}
	r.store.add(key, c)
	return nil
}

// Add puts in an image of which nothing is published yet: NeedsRepublish is true when it is opened.
func (r *Restored[I]) Add(key string, image I) {
	r.store.add(key, &Cell[I]{Image: image, published: -1, anew: true})
}
