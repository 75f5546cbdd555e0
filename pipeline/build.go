package pipeline

import (
	"github.com/apache/beam/sdks/v2/go/pkg/beam"

	"github.com/beamlytics/streamlytics/internal/clock"
	"github.com/beamlytics/streamlytics/sinks"
	"github.com/beamlytics/streamlytics/sources"
	"github.com/beamlytics/streamlytics/transforms"
	"github.com/beamlytics/streamlytics/transforms/stock"
)

// build lays out the graph:
//
//	subscriptions -> decode -> key by store:product -+
//	files         -> decode -> key by store:product -+-> InventoryStatefulFn -> signals
//	                                                       +-> SmartVelocityFn -> signals
//
// with dead letters beside decode and InventoryStatefulFn. Each input is decoded and keyed before the inputs are joined, so that
// all of it fuses with its source and only batches cross the border between two stages. The names of the scopes are part of a
// job's identity on runners that update jobs in place.
//
// kind is whom the graph is for, and keys are the Beam keys of which there is state to restore.
func build(s beam.Scope, id string, o Options, p plan, kind runnerKind, keys []string) error {
	targets := o.targets(id, p.clock)
	state, err := targets.State()
	if err != nil {
		return err
	}
	var batches []beam.PCollection
	input := func(name string, read func(beam.Scope) beam.PCollection) {
		s := s.Scope(name)
		events, refused := transforms.Decode(s, id, p.clock, o.rules(), read(s))
		sinks.WriteDeadLetters(s, targets, refused)
		if o.WarehouseDir+o.BigQueryDataset != "" {
			sinks.Events(s, targets, events)
		}
		batches = append(batches, transforms.KeyByStoreProduct(s, id, o.keyGroups(), events))
	}
	for _, sub := range p.subscriptions {
		input(sub.Channel.String(), func(s beam.Scope) beam.PCollection {
			if kind == dataflowRunner {
				return sources.NativePubSub(s, sub)
			}
			return sources.PubSub(s, id, o.Emulator, sub)
		})
	}
	if len(p.files) > 0 {
		input("Files", func(s beam.Scope) beam.PCollection { return sources.Files(s, id, p.files) })
	}
	for _, w := range p.watched {
		input("NewFiles", func(s beam.Scope) beam.PCollection { return sources.Watch(s, id, w) })
	}
	// There is always a second input to join: one more does not change the graph in front of the state, so a job
	// can be updated in place.
	batches = append(batches, transforms.WakeUp(s, id, keys))
	keyed := transforms.Keyed{
		PipelineID: id,
		Clock:      p.clock,
		Limits: stock.Limits{HorizonMs: o.LedgerHorizon.Milliseconds(), LowEnter: o.LowStockEnter, LowExit: o.LowStockExit,
			CountLate: o.LateEvents == lateCount},
		ProductGroups: o.ProductGroups,
		CacheBytes:    o.ImageCacheMB << 20,
		InProcess:     kind == prismRunner, // the job, wherever Prism runs, ends with this process, and this process with the job
		State:         state,
	}
	if kind == dataflowRunner {
		keyed.Awaited = len(keys) // the runner's sources do not wait
	}
	st := s.Scope("Stock")
	inventory := transforms.InventoryStateful(st, keyed, beam.Flatten(s, batches...))
	sinks.Signals(st, targets, "stock", inventory.Signals)
	sinks.WriteDeadLetters(st, targets, inventory.DeadLetters)

	ve := s.Scope("Velocity")
	velocities := transforms.SmartVelocity(ve, keyed, o.velocity(), !p.bounded(), inventory.Changes)
	sinks.Signals(ve, targets, "velocity", velocities)
	if kind == prismRunner {
		transforms.Ballast(s, id, velocities)
	}
	return nil
}

func (o Options) targets(id string, c clock.Clock) sinks.Targets {
	bigQuery, _ := o.bigQuery() // checked before
	return sinks.Targets{PipelineID: id, Clock: c, Redis: o.redis(), WarehouseDir: o.WarehouseDir,
		Warehouse: sinks.WarehouseOptions{Fsync: o.WarehouseFsync}, BigQuery: bigQuery, Mirror: o.Restore == "redis", KeyGroups: o.KeyGroups, ProductGroups: o.ProductGroups,
		NoLocalDeadLetters: o.runnerKind() == dataflowRunner}
}
