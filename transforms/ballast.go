package transforms

import (
	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/register"

	"github.com/beamlytics/streamlytics/internal/dofn"
	"github.com/beamlytics/streamlytics/signal"
)

func init() {
	dofn.Register(func(f *loadFn) dofn.Func { return dofn.Func2x0(f.ProcessElement) })
	dofn.Register(func(f *nothingFn) dofn.Func { return dofn.Func2x0(f.ProcessElement) })
	dofn.Register(func(f *unloadFn) dofn.Func { return dofn.Func2x0(f.ProcessElement) })
	register.Emitter2[int, int]()
	register.Iter1[int]()
}

// weights is how much ballast there is: with key groups, more elements than the eight bundles that Prism runs at a time emit for the
// next stage. Without them one bundle may emit as many.
const weights = 5_000

// Ballast keeps elements on their way until the stage that makes last, a PCollection of signal.Batch, has ended. Prism (Beam 2.77) needs
// it: it counts the elements on their way, and the process ends with a panic when the count falls below zero. PersistBundle in its
// engine/elementmanager.go hands the output of a bundle to the next stage first and counts it after. Where the next stage is done with a
// bundle in between, and little else is on its way, that is too late. The ballast waits to be grouped, for the end of last, so it costs
// nothing in between.
func Ballast(s beam.Scope, last beam.PCollection) { ballast(s.Scope("Ballast"), last, &unloadFn{}) }

func ballast(s beam.Scope, last beam.PCollection, unload any) {
	load := beam.ParDo(s, &loadFn{Weights: weights}, beam.Impulse(s))
	beam.ParDo0(s, unload, beam.GroupByKey(s, beam.Flatten(s, load, beam.ParDo(s, &nothingFn{}, last))))
}

// loadFn emits the ballast.
type loadFn struct{ Weights int }

func (f *loadFn) ProcessElement(_ []byte, emit func(int, int)) {
	for n := range f.Weights {
		emit(n, 0)
	}
}

// nothingFn makes a PCollection without elements that ends when its input does.
type nothingFn struct{}

func (f *nothingFn) ProcessElement(signal.Batch, func(int, int)) {}

// unloadFn takes the ballast.
type unloadFn struct{}

func (f *unloadFn) ProcessElement(int, func(*int) bool) {}
