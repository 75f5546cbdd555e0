package transforms

import (
	"context"
	"fmt"
	"time"

	"github.com/apache/beam/sdks/v2/go/pkg/beam/core/state"

	"github.com/beamlytics/streamlytics/internal/batch"
	"github.com/beamlytics/streamlytics/internal/metrics"
	"github.com/beamlytics/streamlytics/internal/process"
)

// The state of a Beam key is an image: a Go structure that is too large to write on each change. What is applied to it is
// written down in records, a log, and now and then a snapshot begins the log anew. What is applied must be a function of the
// image and the record alone; records carry the clock for that reason.
//
// Where images and logs are is a store's business: beamStore keeps the log in Beam's state, for runners that move keys between
// workers and repeat bundles, and processStore keeps the image itself, where runner and DoFns live and die together. In both
// cases an image is out of the store while a bundle changes it, so that one with half of a bundle's changes can never be taken
// for a whole one.

// image is the decoded state of one Beam key.
type image interface {
	// replay applies one record of the log, a snapshot included.
	replay(record []byte) error
	// snapshot returns a record that makes an empty image equal to this one.
	snapshot() []byte
	// tidy lets go of what is not needed any more. It changes nothing that is said.
	tidy()
	// size is roughly the bytes of memory the image takes. It must not depend on how the image came to be.
	size() int
}

// cell is an image with what is known about its log.
type cell[I image] struct {
	image    I
	stamp    int64 // beamStore's
	seq      int64 // of its last log write; 0: there was none
	logged   int   // bytes of the log behind its snapshot
	snapshot int   // bytes of the snapshot
	untidy   int   // bytes of records since the image was tidied
	asked    bool  // the store did not know it, the mirror was asked, and nothing is committed yet
	restored bool  // made from the mirror, and not yet committed
	behind   bool  // the mirror has more: what a bundle has written that failed
	anew     bool  // the log must begin anew with the next commit
}

// store keeps the cells of one stage between bundles. It is safe for concurrent use; at any time one bundle has a key.
type store[I image] interface {
	// open takes the cell of a key out, as of its last commit; nil if the key has none.
	open(p state.Provider, key string) (*cell[I], error)
	// keep puts back a cell that was not changed.
	keep(key string, c *cell[I])
	// commit puts back a cell after record was applied to it. If anew, the record is a snapshot, with which the log begins anew.
	commit(p state.Provider, key string, c *cell[I], record []byte, anew bool) error
}

// openStore returns the store of a stage, of which the DoFns in this process share images.
func openStore[I image](env *process.Env, stage string, inProcess bool, cacheBytes int, newImage func() I,
	stamp *state.Value[int64], log *state.Bag[[]byte], count *metrics.Bundle) (store[I], error) {
	if inProcess {
		s, err := process.Shared(env, stage+" state", func() (*processStore[I], error) { return newProcessStore(cacheBytes, newImage), nil })
		return bundleStore[I]{s, count}, err
	}
	cache, err := process.Shared(env, stage+" images", func() (*imageCache[I], error) { return newImageCache[I](cacheBytes), nil })
	return &beamStore[I]{stamp: stamp, log: log, cache: cache, make: newImage, count: count}, err
}

// journal opens and commits the cells of one stage.
type journal[I image] struct {
	store store[I]
	make  func() I
	// restore returns the log of a key that the store does not know, nil if there is none; it is nil where nothing is restored.
	restore func(ctx context.Context, key string) ([][]byte, error)
	// seq returns the number of the last write to the mirror of a key's log; it is nil where there is no mirror, and where no bundle
	// fails without the process that holds the images.
	seq    func(ctx context.Context, key string) (int64, error)
	book   *keyBook
	losses func() int64 // how often Redis was found to have lost data
	count  *metrics.Bundle
	// silent: there is neither a mirror nor a store that wants records.
	silent bool
}

// open returns the image of a key as of its last commit. The caller changes it and hands it to commit, or back to keep when it
// changed nothing; if it does neither, because of an error, its bundle must fail.
func (j *journal[I]) open(ctx context.Context, p state.Provider, key string) (*cell[I], error) {
	c, err := j.store.open(p, key)
	if err != nil {
		return nil, err
	}
	if c != nil {
		return c, j.catchUp(ctx, key, c)
	}
	c = &cell[I]{image: j.make()}
	if j.restore == nil {
		return c, nil
	}
	records, err := j.restore(ctx, key)
	if err != nil {
		return nil, fmt.Errorf("restore the state of key %s: %w", key, err)
	}
	c.asked, c.restored = true, len(records) > 0
	return c, c.replay(key, records)
}

// catchUp has a cell count on from the last write to the mirror. A bundle that failed, of this process or another, may have written
// there, and the runner knows nothing of it. Nor does an image that was in this process all the while.
func (j *journal[I]) catchUp(ctx context.Context, key string, c *cell[I]) error {
	if j.seq == nil {
		return nil
	}
	seq, err := j.seq(ctx, key)
	if err == nil && seq > c.seq {
		c.seq, c.behind = seq, true
	}
	return err
}

// owes reports whether all that the image of a key says must be said again, because Redis has lost data since it was said. Who
// asks must do so; the log begins anew then, too.
func (j *journal[I]) owes(key string, c *cell[I]) bool {
	c.anew = c.anew || j.book.owes(key, j.losses())
	return c.anew
}

// keep returns an image that was not changed.
func (j *journal[I]) keep(key string, c *cell[I]) { j.store.keep(key, c) }

// commit writes what was applied to the image since open, and returns what the mirror of the log must write too. The cell is the store's
// from then on: the caller must not look at it again.
func (j *journal[I]) commit(p state.Provider, key string, c *cell[I], record []byte) (w batch.LogWrite, err error) {
	// An event takes three to four times as much in the image as in its record: tidied at an eighth, an image does not grow by half
	// before what is old goes, and a visit of all pairs is spread over many events.
	if c.untidy += len(record); c.untidy > c.image.size()/8+1024 {
		c.image.tidy()
		c.untidy = 0
	}
	anew := c.restored || c.anew || c.behind || c.logged+len(record) > 2*c.snapshot+1024
	c.asked, c.restored, c.behind, c.anew = false, false, false, false
	j.book.note(key)
	if j.silent {
		return w, j.store.commit(p, key, c, nil, false)
	}
	if w.Anew = anew; anew {
		record = c.image.snapshot()
		c.snapshot, c.logged = len(record), 0
		j.count.Snapshot(len(record))
	} else {
		c.logged += len(record)
	}
	w.Key, w.Record, w.Losses, w.Prev = key, record, j.losses(), c.seq
	// The count never falls behind the wall clock, so that it goes on upwards where a bundle's commit is lost and its writes are not.
	c.seq = max(c.seq+1, time.Now().UnixMicro())
	w.Seq = c.seq
	return w, j.store.commit(p, key, c, record, w.Anew)
}

// replay makes the image of a key from its log.
func (c *cell[I]) replay(key string, records [][]byte) error {
	for i, r := range records {
		if err := c.image.replay(r); err != nil {
			return fmt.Errorf("replay record %d of %d of the log of key %s: %w", i+1, len(records), key, err)
		}
		if i == 0 {
			c.snapshot = len(r)
		} else {
			c.logged += len(r)
		}
	}
	return nil
}
