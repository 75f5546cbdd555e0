package transforms

import (
	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/core/graph/mtime"

	"github.com/beamlytics/streamlytics/internal/dofn"
	"github.com/beamlytics/streamlytics/internal/process"
)

func init() {
	dofn.Register(func(f *wakeUpFn) dofn.Func { return dofn.Func2x0(f.ProcessElement) })
}

// wakeUp is a batch without events: it makes the inventory stage restore a Beam key.
var wakeUp = []byte{0}

// sayAll is a batch without events: it makes the inventory stage say again what Redis has lost.
var sayAll = []byte{1}

// endKey is woken when all files are read, and when the pipeline has drained: the inventory stage then tells all product groups. After
// the last file they say at once what they would have said two seconds later; after a drain they give up their timers, so that
// nothing keeps the job. It is no key of a store and product, nor of a key group, and has no state.
const endKey = "end"

// wakeUpFn sends each key its wake-up, under an ack token whose end says that the key is restored.
type wakeUpFn struct {
	PipelineID string

	env *process.Env
}

// WakeUp touches the Beam keys of which there is state to restore, so that velocity goes on decaying and the stock over all stores
// is whole before an event comes. It returns batches for InventoryStateful.
func WakeUp(s beam.Scope, pipelineID string, keys []string) beam.PCollection {
	s = s.Scope("WakeUp")
	return beam.ParDo(s, &wakeUpFn{PipelineID: pipelineID}, beam.CreateList(s, keys))
}

func (f *wakeUpFn) Setup() { f.env = process.Of(f.PipelineID) }

func (f *wakeUpFn) ProcessElement(key string, emit func(beam.EventTime, string, []byte)) {
	token := f.env.Tracker.Open(nil, f.env.KeyRestored)
	emit(mtime.ZeroTimestamp, key, append(appendTokens(nil, []int64{token}), wakeUp...))
}
