package transforms

import (
	"context"
	"fmt"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/core/graph/mtime"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/register"

	"github.com/beamlytics/streamlytics/event"
	"github.com/beamlytics/streamlytics/internal/acks"
	"github.com/beamlytics/streamlytics/internal/dofn"
	"github.com/beamlytics/streamlytics/internal/process"
	"github.com/beamlytics/streamlytics/signal"
)

func init() {
	dofn.Register(func(f *keyByStoreProductFn) dofn.Func { return dofn.Func3x1(f.ProcessElement) })
	register.Emitter3[beam.EventTime, string, []byte]()
}

// maxBatchBytes bounds one element: a larger batch goes out before its bundle ends.
const maxBatchBytes = 4 << 20

// keyByStoreProductFn gathers the events of a bundle by key group, so that a keyed stage touches its state once a bundle and
// not once an event. It emits (Beam key, batch).
type keyByStoreProductFn struct {
	PipelineID string
	Groups     KeyGroups

	env     *process.Env
	book    *keyBook // of the inventory stage
	names   []string
	groups  [][]byte          // by group: the batch without its head
	literal map[string][]byte // by Beam key, for Groups 0
	key     []byte
	held    acks.Held
	latest  beam.EventTime
}

// KeyByStoreProduct keys events by store:product, in batches of key groups.
func KeyByStoreProduct(s beam.Scope, pipelineID string, groups KeyGroups, events beam.PCollection) beam.PCollection {
	return beam.ParDo(s.Scope("KeyByStoreProduct"), &keyByStoreProductFn{PipelineID: pipelineID, Groups: groups}, events)
}

func (f *keyByStoreProductFn) Setup() (err error) {
	f.env = process.Of(f.PipelineID)
	if f.book, err = inventoryKeys(f.env); err != nil {
		return fmt.Errorf("set up grouping: %w", err)
	}
	f.names = f.Groups.Names()
	f.groups = make([][]byte, len(f.names))
	return nil
}

func (f *keyByStoreProductFn) StartBundle(_ context.Context, _ func(beam.EventTime, string, []byte)) {
	f.held.Reset(f.env.Tracker)
	f.latest = mtime.MinTimestamp
	f.literal = map[string][]byte{}
}

func (f *keyByStoreProductFn) ProcessElement(at beam.EventTime, e event.Event, emit func(beam.EventTime, string, []byte)) error {
	f.held.Add(e.Message.Token)
	f.latest = max(f.latest, at)
	if f.Groups == 0 {
		f.key = signal.AppendPair(f.key[:0], e.StoreID, e.ProductID)
		b, err := appendMove(f.literal[string(f.key)], &e)
		if err != nil {
			return fmt.Errorf("group by store:product: %w", err)
		}
		f.literal[string(f.key)] = b
		return nil
	}
	f.key = appendPairName(f.key[:0], e.StoreID, e.ProductID)
	g := groupOf(f.key, len(f.groups))
	b, err := appendMove(f.groups[g], &e)
	if err != nil {
		return fmt.Errorf("group by store:product: %w", err)
	}
	f.groups[g] = b
	if len(b) > maxBatchBytes {
		f.emit(f.names[g], b, emit)
		f.groups[g] = b[:0]
	}
	return nil
}

func (f *keyByStoreProductFn) FinishBundle(_ context.Context, emit func(beam.EventTime, string, []byte)) {
	for g, b := range f.groups {
		if len(b) > 0 {
			f.emit(f.names[g], b, emit)
			f.groups[g] = b[:0]
		}
	}
	for key, b := range f.literal {
		f.emit(key, b, emit)
	}
	f.literal = nil
	f.held.Release()
	if f.env.TakeWakeUp() {
		f.wakeAll(emit)
	}
	if f.env.Ended() || f.env.TakeInputEnd() {
		emit(max(f.latest, mtime.ZeroTimestamp), endKey, appendTokens(nil, nil))
	}
}

// wakeAll wakes every Beam key, so that those which no event touches say again what Redis has lost.
func (f *keyByStoreProductFn) wakeAll(emit func(beam.EventTime, string, []byte)) {
	names := f.names
	if f.Groups == 0 {
		names = f.book.all()
	}
	token := f.env.Tracker.Open(nil, func() {}) // a drain waits for it
	tokens := []int64{token}
	f.env.Tracker.Hold(tokens, len(names))
	for _, key := range names {
		emit(max(f.latest, mtime.ZeroTimestamp), key, append(appendTokens(nil, tokens), sayAll...))
	}
	f.env.Tracker.Release(tokens)
}

// emit passes on a batch under the tokens of the whole bundle: which of them it really holds is not worth knowing.
func (f *keyByStoreProductFn) emit(key string, batch []byte, emit func(beam.EventTime, string, []byte)) {
	f.env.Tracker.Hold(f.held.Tokens(), 1)
	element := make([]byte, 0, len(batch)+8+10*len(f.held.Tokens()))
	element = appendTokens(element, f.held.Tokens())
	emit(f.latest, key, append(element, batch...))
}
