package transforms

import (
	"time"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/core/sdf"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/io/rtrackers/offsetrange"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/register"

	"github.com/beamlytics/streamlytics/internal/batch"
	"github.com/beamlytics/streamlytics/internal/dofn"
	"github.com/beamlytics/streamlytics/internal/process"
)

func init() {
	dofn.Register(func(f *loadFn) dofn.Func { return dofn.Func3x1(f.ProcessElement) })
	dofn.Register(func(f *nothingFn) dofn.Func { return dofn.Func2x0(f.ProcessElement) })
	dofn.Register(func(f *unloadFn) dofn.Func { return dofn.Func2x0(f.ProcessElement) })
	register.Emitter2[int, int]()
	register.Iter1[int]()
}

// weights is the number of elements of the ballast. With key groups, it is more than the eight
// bundles that Prism runs at a time emit for the next stage. Without key groups, one bundle may
// emit as many.
const weights = 5_000

// Ballast keeps elements pending until the stage that makes last, a PCollection of batch.Signals,
// has ended. Prism (Beam 2.77) needs it: it counts pending elements, and the process ends with a
// panic when the count falls below zero. PersistBundle in its engine/elementmanager.go passes the
// output of a bundle to the next stage before it counts it. If the next stage completes these
// elements first, and few others are pending, the count is negative for a moment.
//
// The ballast waits in a grouping. Prism visits all elements of a grouping whenever the watermark
// of its input advances, so that watermark stays at its minimum until the input has ended: an idle
// pipeline spends no time on the ballast.
func Ballast(s beam.Scope, pipelineID string, last beam.PCollection) {
	ballast(s.Scope("Ballast"), &loadFn{PipelineID: pipelineID, Weights: weights}, last, &unloadFn{})
}

func ballast(s beam.Scope, load *loadFn, last beam.PCollection, unload any) {
	loaded := beam.ParDo(s, load, beam.Impulse(s))
	rest := beam.ParDo(s, &nothingFn{}, last)
	beam.ParDo0(s, unload, beam.GroupByKey(s, beam.Flatten(s, loaded, rest)))
}

// pollBallast is the time between two checks whether the input has ended, wall time. Input without
// an end is checked less often: its end is a drain, which may take longer.
const (
	pollBallast     = 50 * time.Millisecond
	pollBallastIdle = time.Second
)

// loadFn emits the ballast, and ends when the input has ended and its messages are acknowledged. It
// has no watermark estimator, so its output watermark is that of its only element until then.
type loadFn struct {
	PipelineID string
	Weights    int

	env *process.Env
}

// Setup finds what the process shares.
func (f *loadFn) Setup() { f.env = process.Of(f.PipelineID) }

// CreateInitialRestriction is part of Beam's contract of a splittable DoFn, as are the methods
// below. The restriction has two positions: the ballast, and the end of the input.
func (f *loadFn) CreateInitialRestriction([]byte) offsetrange.Restriction {
	return offsetrange.Restriction{Start: 0, End: 2}
}

// SplitRestriction does not split.
func (f *loadFn) SplitRestriction(_ []byte, r offsetrange.Restriction) []offsetrange.Restriction {
	return []offsetrange.Restriction{r}
}

// RestrictionSize is the same for all.
func (f *loadFn) RestrictionSize([]byte, offsetrange.Restriction) float64 { return 1 }

// CreateTracker makes the tracker of a bundle.
func (f *loadFn) CreateTracker(r offsetrange.Restriction) *sdf.LockRTracker {
	return sdf.NewLockRTracker(offsetrange.NewTracker(r))
}

// ProcessElement emits the ballast at first, and then waits for the end of the input.
func (f *loadFn) ProcessElement(t *sdf.LockRTracker, _ []byte, emit func(int, int)) sdf.ProcessContinuation {
	if t.GetRestriction().(offsetrange.Restriction).Start == 0 && t.TryClaim(int64(0)) {
		for n := range f.Weights {
			emit(n, 0)
		}
	}
	if (f.env.Ended() || f.env.InputEnded() && f.env.Tracker.Outstanding() == 0) && t.TryClaim(int64(1)) {
		return sdf.StopProcessing()
	}
	if f.env.Bounded() {
		return sdf.ResumeProcessingIn(pollBallast)
	}
	return sdf.ResumeProcessingIn(pollBallastIdle)
}

// nothingFn makes a PCollection without elements that ends when its input does.
type nothingFn struct{}

func (f *nothingFn) ProcessElement(batch.Signals, func(int, int)) {}

// unloadFn takes the ballast.
type unloadFn struct{}

func (f *unloadFn) ProcessElement(int, func(*int) bool) {}
