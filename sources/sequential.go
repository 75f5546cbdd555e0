// Package sources holds what the sources in its subpackages share: a source is a splittable DoFn
// that reads each of its elements from the front and emits one batch of messages a bundle.
//
// Where the DoFns share this process, a source opens an ack token for each batch and does not emit
// while too much is outstanding. Prism has no backpressure of its own: a source that ran ahead
// would fill the memory.
package sources

import (
	"errors"
	"time"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/core/sdf"

	"github.com/beamlytics/streamlytics/event"
	"github.com/beamlytics/streamlytics/internal/acks"
	"github.com/beamlytics/streamlytics/internal/batch"
)

const (
	// BundleMessages is the largest number of messages that one bundle emits. Measured on two cores
	// with 64 key groups: bundles of 1,000 give 65,000 events/s, of 5,000 155,000, of 10,000
	// 173,000; larger ones add latency.
	BundleMessages = 5000
	// BundleBytes is the size of the messages at which a bundle ends, whatever their number.
	BundleBytes = 32 << 20
	// Idle is how soon a source that found nothing, or must not emit, is called again.
	Idle = 50 * time.Millisecond
)

// Emit opens an ack token for messages and emits them as one batch. done is called when the token
// is released. Nothing is emitted if there are no messages.
func Emit(t *acks.Tracker, at beam.EventTime, messages []event.Message, done func(),
	emit func(beam.EventTime, batch.Messages)) {
	if len(messages) == 0 {
		return
	}
	token := t.Open(messages, done)
	emit(at, batch.Messages{Messages: messages, Token: token})
	t.Release([]int64{token})
}

// Position is the restriction of a source: how far its element is read.
type Position struct {
	File int   // index of the current file, for sources of several
	At   int64 // messages read, or lines of the file, for sources that can be read again
	Done bool
}

// Sequential implements the methods of a splittable DoFn that do not depend on the source, for
// elements of type E. An element has one reader and is never split; every bundle ends with a
// checkpoint.
type Sequential[E any] struct{}

// CreateInitialRestriction returns the Position in front of an element.
func (Sequential[E]) CreateInitialRestriction(E) Position { return Position{} }

// SplitRestriction does not split.
func (Sequential[E]) SplitRestriction(_ E, p Position) []Position { return []Position{p} }

// RestrictionSize returns the same size for all.
func (Sequential[E]) RestrictionSize(E, Position) float64 { return 1 }

// CreateTracker returns the tracker of a bundle.
func (Sequential[E]) CreateTracker(p Position) *sdf.LockRTracker { return newTracker(p) }

// InitialWatermarkEstimatorState returns the beginning of time.
func (Sequential[E]) InitialWatermarkEstimatorState(beam.EventTime, Position, E) int64 { return 0 }

// CreateWatermarkEstimator continues from a state.
func (Sequential[E]) CreateWatermarkEstimator(ms int64) *Watermark { return &Watermark{ms: ms} }

// WatermarkEstimatorState returns the state to continue from.
func (Sequential[E]) WatermarkEstimatorState(w *Watermark) int64 { return w.ms }

// positionTracker claims positions. Beam wraps it in a lock.
type positionTracker struct {
	position Position
	stopped  bool
}

func newTracker(p Position) *sdf.LockRTracker {
	return sdf.NewLockRTracker(&positionTracker{position: p})
}

// TryClaim implements sdf.RTracker. It takes the Position behind what is about to be emitted.
func (t *positionTracker) TryClaim(pos any) bool {
	if t.stopped || t.position.Done {
		return false
	}
	t.position = pos.(Position)
	return true
}

// TrySplit implements sdf.RTracker. It permits self-checkpoints, which are splits at 0, and no
// other split.
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

// Claim claims a Position.
func Claim(t *sdf.LockRTracker, p Position) error {
	if t.TryClaim(p) {
		return nil
	}
	return errNotClaimed
}

// Watermark estimates the watermark of a source: the publish time up to which everything is
// emitted. No stage waits for it; runners show it as data freshness.
type Watermark struct{ ms int64 }

// CurrentWatermark implements sdf.WatermarkEstimator.
func (w *Watermark) CurrentWatermark() time.Time { return time.UnixMilli(w.ms) }

// Advance moves the watermark to a time, epoch ms, unless it is later already.
func (w *Watermark) Advance(ms int64) { w.ms = max(w.ms, ms) }
