package sources

import (
	"errors"
	"time"

	"github.com/apache/beam/sdks/v2/go/pkg/beam/core/sdf"
)

const (
	// bundleMessages is how many messages one bundle emits at most. Measured on two cores with 64 key groups: bundles of 1,000
	// give 65,000 events/s, of 5,000 155,000, of 10,000 173,000; larger ones cost latency.
	bundleMessages = 5000
	// bundleBytes is at about how many bytes a bundle ends that has fewer messages.
	bundleBytes = 32 << 20
	// bundleTime is at about how much time a bundle of files ends that has fewer messages: opening many small files takes long.
	bundleTime = 500 * time.Millisecond
	// idle is how soon a source that found nothing, or must not emit, is asked again.
	idle = 50 * time.Millisecond
	// pace is the shortest time between two bundles of a subscription that are not full. Each costs about half a millisecond of
	// processor time for its keys, and messages wait half of it on average.
	pace = 50 * time.Millisecond
	// waitAtMost is how long a bundle waits for its first message. It holds one of the eight that Prism runs at a time.
	waitAtMost = time.Second
)

// Position is the restriction of all sources: how far one has come. They are read from the front by one reader each and never
// split, but every bundle ends with a checkpoint.
type Position struct {
	File int   // index of the file in hand, for sources of several
	At   int64 // messages read, or lines of the file, for sources that can be read again
	Done bool
}

// positionTracker claims positions. Beam wraps it in a lock.
type positionTracker struct {
	position Position
	stopped  bool
}

func newTracker(p Position) *sdf.LockRTracker {
	return sdf.NewLockRTracker(&positionTracker{position: p})
}

// TryClaim implements sdf.RTracker. It takes the Position after what is about to be emitted.
func (t *positionTracker) TryClaim(pos any) bool {
	if t.stopped || t.position.Done {
		return false
	}
	t.position = pos.(Position)
	return true
}

// TrySplit implements sdf.RTracker. Only self-checkpoints, a split at 0, are possible.
func (t *positionTracker) TrySplit(fraction float64) (primary, residual any, err error) {
	if fraction > 0 || t.stopped || t.position.Done {
		return t.position, nil, nil
	}
	t.stopped = true
	done := t.position
	done.Done = true
	return done, t.position, nil
}

// GetError implements sdf.RTracker.
func (t *positionTracker) GetError() error { return nil }

// GetProgress implements sdf.RTracker.
func (t *positionTracker) GetProgress() (done, remaining float64) { return float64(t.position.At), 1 }

// IsDone implements sdf.RTracker.
func (t *positionTracker) IsDone() bool { return t.stopped || t.position.Done }

// GetRestriction implements sdf.RTracker.
func (t *positionTracker) GetRestriction() any { return t.position }

// IsBounded implements sdf.RTracker.
func (t *positionTracker) IsBounded() bool { return false }

var errNotClaimed = errors.New("position could not be claimed")

// claim claims a position.
func claim(t *sdf.LockRTracker, p Position) error {
	if t.TryClaim(p) {
		return nil
	}
	return errNotClaimed
}

// estimator is the watermark of a source: the publish time up to which everything has been emitted. Nothing in the pipeline
// waits for it; runners show it as data freshness.
type estimator struct{ ms int64 }

// CurrentWatermark implements sdf.WatermarkEstimator.
func (e *estimator) CurrentWatermark() time.Time { return time.UnixMilli(e.ms) }

func (e *estimator) advance(ms int64) { e.ms = max(e.ms, ms) }
