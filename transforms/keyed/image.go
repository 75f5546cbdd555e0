// Package keyed keeps the state of Beam keys. The state of a key is an image, a Go value too large
// to write at each change; what is applied to it is recorded in a log, which begins with a
// snapshot.
//
// A Log opens and commits the images of one stage. Where images and logs are between two bundles is
// up to one of two stores: the state of the runner, or the memory of this process. A copy of the
// log can go to a mirror, from which a later process restores the images with Restore.
package keyed

// Image is the decoded state of one Beam key. What it becomes depends on its records alone, so
// records carry the clock, and equal images have equal snapshots.
type Image interface {
	// Replay applies one record of the log, which may be a snapshot.
	Replay(record []byte) error
	// Snapshot returns a record that makes an empty image equal to this one.
	Snapshot() []byte
	// Tidy drops what is no longer needed. It changes nothing that is published.
	Tidy()
	// Size is about the number of bytes of memory that the image takes. It depends on the content
	// alone, not on how the image came to be.
	Size() int
}

// Cell is an image between Open and Commit or Keep, with what is known about its log.
type Cell[I Image] struct {
	Image I

	stamp     int64 // of the last commit to the runner's state
	seq       int64 // of the last log write; 0 before the first
	logged    int   // bytes of the log after its snapshot
	snapshot  int   // bytes of the snapshot
	untidy    int   // bytes of records since the last Tidy
	published int64 // the number of losses of Redis data after which everything was published
	anew      bool  // the next commit begins the log with a snapshot
}

// replay applies the records of a log, oldest first.
func (c *Cell[I]) replay(records [][]byte) (failed int, err error) {
	for i, r := range records {
		if err := c.Image.Replay(r); err != nil {
			return i + 1, err
		}
		if i == 0 {
			c.snapshot = len(r)
		} else {
			c.logged += len(r)
		}
	}
	return 0, nil
}
