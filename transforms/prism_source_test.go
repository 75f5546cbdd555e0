package transforms

import (
	"context"
	"encoding/json"
	"reflect"
	"sync"
	"testing"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/core/graph/mtime"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/core/sdf"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/io/rtrackers/offsetrange"

	"github.com/beamlytics/streamlytics/event"
	"github.com/beamlytics/streamlytics/internal/batch"
	"github.com/beamlytics/streamlytics/internal/process"
	"github.com/beamlytics/streamlytics/signal"
	"github.com/beamlytics/streamlytics/test/truth"
)

func init() {
	beam.RegisterType(reflect.TypeFor[chunkFn]())
	beam.RegisterType(reflect.TypeFor[catchFn]())
	beam.RegisterType(reflect.TypeFor[catchLetterFn]())
}

// scene is what the DoFns of one test pipeline share: the input, and the signals of the stages.
type scene struct {
	env    *process.Env
	chunks [][]event.Message

	mu         sync.Mutex
	t          *testing.T
	stocks     stocks
	sums       map[string]signal.Stock
	velocities map[truth.Key]signal.Velocity
	letters    []event.DeadLetter
}

func newScene(t *testing.T, env *process.Env) *scene {
	t.Helper()
	s, err := process.Shared(env, "scene", func() (*scene, error) {
		return &scene{env: env, t: t, stocks: stocks{}, sums: map[string]signal.Stock{},
			velocities: map[truth.Key]signal.Velocity{}}, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func sceneOf(pipelineID string) *scene {
	s, err := process.Shared(process.Of(pipelineID), "scene", func() (*scene, error) { return &scene{}, nil })
	if err != nil {
		panic(err)
	}
	return s
}

// send adds a chunk of events, each in a message of its own.
func (s *scene) send(events []event.UnifiedInventoryEvent) {
	var chunk []event.Message
	for _, e := range events {
		data, err := json.Marshal(map[string]any{"event_id": e.ID, "type": e.Type.String(),
			"store_id": e.StoreID, "product_id": e.ProductID,
			"quantity": e.Quantity, "occurred_at": e.OccurredAt})
		if err != nil {
			s.t.Fatal(err)
		}
		chunk = append(chunk, event.Message{Channel: event.POS, ID: e.ID, Data: data, PublishedAt: e.OccurredAt})
	}
	s.chunks = append(s.chunks, chunk)
}

func (s *scene) messages() (n int64) {
	for _, c := range s.chunks {
		n += int64(len(c))
	}
	return n
}

// catch takes what a sink would write, and releases its tokens as a sink would.
func (s *scene) catch(b batch.Signals) {
	s.mu.Lock()
	s.stocks.take(s.t, b)
	for _, v := range b.Velocities {
		key := truth.Key{Store: v.StoreID, Product: v.ProductID}
		if old, ok := s.velocities[key]; ok && old.AsOf > v.AsOf {
			s.t.Errorf("velocity of %v at %d is published after that at %d", key, v.AsOf, old.AsOf)
		}
		s.velocities[key] = v
	}
	s.mu.Unlock()
	s.env.Tracker.Release(b.Tokens)
	s.env.Metrics.VelocityPending.Add(-int64(len(b.Settles)))
}

// chunkFn emits a chunk a bundle. With Open set it emits nothing more and stays until the
// pipeline stops.
type chunkFn struct {
	PipelineID string
	Open       bool

	scene *scene
}

func (f *chunkFn) Setup() { f.scene = sceneOf(f.PipelineID) }

func (f *chunkFn) CreateInitialRestriction(chunks int) offsetrange.Restriction {
	return offsetrange.Restriction{Start: 0, End: int64(chunks)}
}

func (f *chunkFn) SplitRestriction(_ int, r offsetrange.Restriction) []offsetrange.Restriction {
	return []offsetrange.Restriction{r}
}

func (f *chunkFn) RestrictionSize(_ int, r offsetrange.Restriction) float64 { return r.Size() }

func (f *chunkFn) CreateTracker(r offsetrange.Restriction) *sdf.LockRTracker {
	return sdf.NewLockRTracker(offsetrange.NewTracker(r))
}

func (f *chunkFn) TruncateRestriction(t *sdf.LockRTracker, _ int) offsetrange.Restriction {
	return t.GetRestriction().(offsetrange.Restriction)
}

func (f *chunkFn) ProcessElement(_ context.Context, t *sdf.LockRTracker, _ int,
	emit func(beam.EventTime, batch.Messages)) sdf.ProcessContinuation {
	r := t.GetRestriction().(offsetrange.Restriction)
	if f.Open && r.Size() == 1 && !f.scene.env.Stopping() { // the last chunk waits
		return sdf.ResumeProcessingIn(idleFor)
	}
	if !t.TryClaim(r.Start) {
		return sdf.StopProcessing()
	}
	messages := f.scene.chunks[r.Start]
	token := f.scene.env.Tracker.Open(messages, func() {})
	emit(mtime.ZeroTimestamp, batch.Messages{Messages: messages, Token: token})
	f.scene.env.Tracker.Release([]int64{token})
	if r.Start+1 == r.End {
		t.TryClaim(r.End)
		f.scene.env.FileRead()
		return sdf.StopProcessing()
	}
	return sdf.ResumeProcessingIn(0)
}

// catchFn hands signals to the scene.
type catchFn struct {
	PipelineID string

	scene *scene
}

func (f *catchFn) Setup()                         { f.scene = sceneOf(f.PipelineID) }
func (f *catchFn) ProcessElement(b batch.Signals) { f.scene.catch(b) }

// catchLetterFn hands dead letters to the scene.
type catchLetterFn struct {
	PipelineID string

	scene *scene
}

func (f *catchLetterFn) Setup() { f.scene = sceneOf(f.PipelineID) }

func (f *catchLetterFn) ProcessElement(b batch.DeadLetters) {
	f.scene.mu.Lock()
	defer f.scene.mu.Unlock()
	f.scene.letters = append(f.scene.letters, b.Letters...)
}
