package transforms

import (
	"context"
	"fmt"
	"slices"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/core/graph/mtime"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/register"

	"github.com/beamlytics/streamlytics/event"
	"github.com/beamlytics/streamlytics/internal/batch"
	"github.com/beamlytics/streamlytics/internal/dofn"
	"github.com/beamlytics/streamlytics/internal/process"
	"github.com/beamlytics/streamlytics/signal"
	"github.com/beamlytics/streamlytics/transforms/keyed"
)

func init() {
	dofn.Register(func(f *KeyByStoreProductFn) dofn.Func { return dofn.Func3x1(f.ProcessElement) })
	register.Emitter3[beam.EventTime, string, []byte]()
}

// maxBatchBytes bounds one element: a larger batch is emitted before its bundle ends.
const maxBatchBytes = 4 << 20

// KeyByStoreProductFn gathers the events of a bundle by key group, so that a keyed stage opens its
// state once a bundle and not once an event. It emits (Beam key, batch).
type KeyByStoreProductFn struct {
	PipelineID string
	Groups     keyed.KeyGroups

	env     *process.Env
	names   []string
	groups  [][]byte          // by group: the batch without its head
	literal map[string][]byte // by Beam key, for Groups 0
	key     []byte
	tokens  []int64 // of the bundle, each held once
	latest  beam.EventTime
}

// KeyByStoreProduct keys events (batch.Events) by store:product, in batches of key groups.
func KeyByStoreProduct(s beam.Scope, pipelineID string, groups keyed.KeyGroups,
	events beam.PCollection) beam.PCollection {
	s = s.Scope("KeyByStoreProduct")
	return beam.ParDo(s, &KeyByStoreProductFn{PipelineID: pipelineID, Groups: groups}, events)
}

// Setup finds what the process shares.
func (f *KeyByStoreProductFn) Setup() {
	f.env = process.Of(f.PipelineID)
	f.names = f.Groups.Names()
	f.groups = make([][]byte, len(f.names))
}

// StartBundle discards what a failed bundle left. Its tokens stay held: the messages are not
// acknowledged.
func (f *KeyByStoreProductFn) StartBundle(_ context.Context, _ func(beam.EventTime, string, []byte)) {
	f.tokens = f.tokens[:0]
	f.latest = mtime.MinTimestamp
	f.literal = map[string][]byte{}
	for g, b := range f.groups {
		f.groups[g] = b[:0]
	}
}

// ProcessElement gathers a batch of events. The bundle holds its token until FinishBundle.
func (f *KeyByStoreProductFn) ProcessElement(at beam.EventTime, b batch.Events,
	emit func(beam.EventTime, string, []byte)) error {
	f.latest = max(f.latest, at)
	if b.Token != 0 && !slices.Contains(f.tokens, b.Token) {
		f.tokens = append(f.tokens, b.Token)
		f.env.Tracker.Hold(f.tokens[len(f.tokens)-1:], 1)
	}
	for i := range b.Events {
		if err := f.add(&b.Events[i], emit); err != nil {
			return fmt.Errorf("group by store:product: %w", err)
		}
	}
	return nil
}

// add appends an event to the batch of its Beam key.
func (f *KeyByStoreProductFn) add(e *event.UnifiedInventoryEvent,
	emit func(beam.EventTime, string, []byte)) (err error) {
	if f.Groups == 0 {
		f.key = signal.AppendPair(f.key[:0], e.StoreID, e.ProductID)
		f.literal[string(f.key)], err = appendMove(f.literal[string(f.key)], e)
		return err
	}
	f.key = appendPairName(f.key[:0], e.StoreID, e.ProductID)
	g := keyed.GroupOf(f.key, len(f.groups))
	b, err := appendMove(f.groups[g], e)
	if len(b) > maxBatchBytes {
		f.emit(f.names[g], b, emit)
		b = b[:0]
	}
	f.groups[g] = b
	return err
}

// FinishBundle emits the batches of the bundle.
func (f *KeyByStoreProductFn) FinishBundle(_ context.Context, emit func(beam.EventTime, string, []byte)) error {
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
	f.env.Tracker.Release(f.tokens)
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

// republish asks every Beam key and every product group to publish again what Redis has lost. A
// drain waits for it.
func (f *KeyByStoreProductFn) republish(emit func(beam.EventTime, string, []byte)) error {
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

// emit emits a batch under all tokens of the bundle so far. It may carry no event of some of them,
// which only delays their acknowledgement.
func (f *KeyByStoreProductFn) emit(key string, batch []byte, emit func(beam.EventTime, string, []byte)) {
	f.env.Tracker.Hold(f.tokens, 1)
	element := make([]byte, 0, len(batch)+8+10*len(f.tokens))
	element = appendTokens(element, f.tokens)
	emit(f.latest, key, append(element, batch...))
}
