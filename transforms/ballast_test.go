package transforms

import (
	"sync/atomic"
	"testing"
	"time"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/testing/ptest"

	"github.com/beamlytics/streamlytics/internal/acks"
	"github.com/beamlytics/streamlytics/internal/batch"
	"github.com/beamlytics/streamlytics/internal/dofn"
	"github.com/beamlytics/streamlytics/internal/process"
)

func init() {
	dofn.Register(func(f *lingerFn) dofn.Func { return dofn.Func2x0(f.ProcessElement) })
	dofn.Register(func(f *weighFn) dofn.Func { return dofn.Func2x0(f.ProcessElement) })
}

// What happened to the ballast. One test uses it.
var lingering, early, late atomic.Int64

// lingerFn is a last stage that emits at its end.
type lingerFn struct{}

func (f *lingerFn) ProcessElement(_ int, emit func(batch.Signals)) {
	time.Sleep(100 * time.Millisecond)
	emit(batch.Signals{})
	lingering.Add(-1)
}

// weighFn is the end of the ballast.
type weighFn struct{}

func (f *weighFn) ProcessElement(int, func(*int) bool) {
	if lingering.Load() > 0 {
		early.Add(1)
	} else {
		late.Add(1)
	}
}

// TestBallast: all of it is on its way until the last stage has ended, and none is when the job
// has.
func TestBallast(t *testing.T) {
	const elements = 3
	lingering.Store(elements)
	env, err := process.Register(t.Name(), acks.New(1))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := env.Close(); err != nil {
			t.Error(err)
		}
	})
	env.End()
	ptest.BuildAndRun(t, func(s beam.Scope) {
		ballast(s, &loadFn{PipelineID: t.Name(), Weights: weights},
			beam.ParDo(s, &lingerFn{}, beam.Reshuffle(s, beam.Create(s, 1, 2, 3))), &weighFn{})
	})
	if early.Load() != 0 || late.Load() != weights || lingering.Load() != 0 {
		t.Errorf("%d weights were taken before the last stage had ended, and %d after; want %d",
			early.Load(), late.Load(), weights)
	}
}
