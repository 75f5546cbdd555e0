package transforms

import (
	"context"
	"fmt"
	"slices"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/core/graph/mtime"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/register"

	"github.com/beamlytics/streamlytics/event"
	"github.com/beamlytics/streamlytics/internal/acks"
	"github.com/beamlytics/streamlytics/internal/dofn"
	"github.com/beamlytics/streamlytics/internal/process"
	"github.com/beamlytics/streamlytics/signal"
	"github.com/beamlytics/streamlytics/transforms/keyed"
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
	Groups     keyed.KeyGroups

	env     *process.Env
	names   []string
	groups  [][]byte          // by group: the batch without its head
	literal map[string][]byte // by Beam key, for Groups 0
	key     []byte
	held    acks.Held
	latest  beam.EventTime
}

// KeyByStoreProduct keys events by store:product, in batches of key groups.
func KeyByStoreProduct(s beam.Scope, pipelineID string, groups keyed.KeyGroups, events beam.PCollection) beam.PCollection {
	return beam.ParDo(s.Scope("KeyByStoreProduct"), &keyByStoreProductFn{PipelineID: pipelineID, Groups: groups}, events)
}

func (f *keyByStoreProductFn) Setup() {
	f.env = process.Of(f.PipelineID)
	f.names = f.Groups.Names()
	f.groups = make([][]byte, len(f.names))
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
	g := keyed.GroupOf(f.key, len(f.groups))
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

func (f *keyByStoreProductFn) FinishBundle(_ context.Context, emit func(beam.EventTime, string, []byte)) error {
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
	if f.env.TakeLoss() {
		if err := f.republish(emit); err != nil {
			return err
		}
	}
	if f.env.Ended() || f.env.TakeInputEnd() {
		emit(max(f.latest, mtime.ZeroTimestamp), controlKey, appendControl(appendTokens(nil, nil), evaluate))
	}
	return nil
}

// republish asks every Beam key and every product group to publish again what Redis has lost. A drain
// waits for it.
func (f *keyByStoreProductFn) republish(emit func(beam.EventTime, string, []byte)) error {
	names := f.names
	if f.Groups == 0 {
		var err error
		if names, err = keyed.Keys(f.env, inventoryStage); err != nil {
			return fmt.Errorf("republish after a loss of Redis data: %w", err)
		}
	}
	tokens := []int64{f.env.Tracker.Open(nil, func() {})}
	f.env.Tracker.Hold(tokens, len(names)+1)
	for _, key := range append(slices.Clone(names), controlKey) {
		emit(max(f.latest, mtime.ZeroTimestamp), key, appendControl(appendTokens(nil, tokens), republish))
	}
	f.env.Tracker.Release(tokens)
	return nil
}

// emit passes on a batch under the tokens of the whole bundle: which of them it really holds is not worth knowing.
func (f *keyByStoreProductFn) emit(key string, batch []byte, emit func(beam.EventTime, string, []byte)) {
	f.env.Tracker.Hold(f.held.Tokens(), 1)
	element := make([]byte, 0, len(batch)+8+10*len(f.held.Tokens()))
	element = appendTokens(element, f.held.Tokens())
	emit(f.latest, key, append(element, batch...))
}
