package pipeline

import (
	"github.com/apache/beam/sdks/v2/go/pkg/beam"

	"github.com/beamlytics/streamlytics/internal/clock"
	"github.com/beamlytics/streamlytics/sinks"
	"github.com/beamlytics/streamlytics/sinks/localfiles"
	"github.com/beamlytics/streamlytics/sources/files"
	"github.com/beamlytics/streamlytics/sources/pubsub"
	"github.com/beamlytics/streamlytics/transforms"
	"github.com/beamlytics/streamlytics/transforms/keyed"
	"github.com/beamlytics/streamlytics/transforms/stock"
)

// build lays out the graph:
//
//	subscriptions -> decode -> key by store:product -+
//	files         -> decode -> key by store:product -+-> InventoryStatefulFn -> signals
//	                                                       +-> SmartVelocityFn -> signals
//
// with dead letters beside decode and InventoryStatefulFn. Each input is decoded and keyed before
// the inputs are joined, so that these steps fuse with the source and only batches pass between
// stages. Dataflow updates a job in place by the names of its scopes.
//
// kind is the runner that the graph is for, and restored is whether state of an earlier run was
// restored.
func build(s beam.Scope, id string, o Options, p plan, kind runnerKind, restored bool) {
	targets := o.targets(id, p.clock, kind)
	var batches []beam.PCollection
	input := func(name string, read func(beam.Scope) beam.PCollection) {
		s := s.Scope(name)
		events, refused := transforms.Decode(s, id, p.clock, o.rules(p.maps), read(s))
		sinks.WriteDeadLetters(s, targets, refused)
		if o.archives() || o.UIAddr != "" {
			sinks.Events(s, targets, events)
		}
		batches = append(batches, transforms.KeyByStoreProduct(s, id, o.keyGroups(), events))
	}
	for _, sub := range p.subscriptions {
		input(sub.Channel.String(), func(s beam.Scope) beam.PCollection {
			if kind == dataflowRunner {
				return pubsub.ReadNative(s, sub)
			}
			return pubsub.Read(s, id, o.Emulator, sub)
		})
	}
	if len(p.files) > 0 {
		input("Files", func(s beam.Scope) beam.PCollection {
			return files.Read(s, id, p.files, kind == prismRunner)
		})
	}
	for _, w := range p.watched {
		input("NewFiles", func(s beam.Scope) beam.PCollection { return files.Watch(s, id, w) })
	}
	// Start is always there, so the inputs are always joined: another input does not change the
	// graph in front of the state, and a job can be updated in place.
	batches = append(batches, transforms.Start(s, restored))
	settings := o.keyed(id, p, kind)
	st := s.Scope("Stock")
	inventory := transforms.InventoryStateful(st, settings, beam.Flatten(s, batches...))
	sinks.Signals(st, targets, "stock", inventory.Signals)
	sinks.WriteDeadLetters(st, targets, inventory.DeadLetters)

	ve := s.Scope("Velocity")
	velocities := transforms.SmartVelocity(ve, settings, o.velocity(p, kind), inventory.Changes)
	sinks.Signals(ve, targets, "velocity", velocities)
	if kind == prismRunner {
		transforms.Ballast(s, id, velocities)
	}
}

// archives reports whether there is a warehouse.
func (o Options) archives() bool { return o.WarehouseDir+o.BigQueryDataset != "" }

// keyed returns the settings of the keyed stages. Prism keeps state in the memory of this process
// and loses it with the process, so there the stages keep it themselves.
func (o Options) keyed(id string, p plan, kind runnerKind) transforms.Keyed {
	return transforms.Keyed{
		PipelineID: id,
		Clock:      p.clock,
		Limits: stock.Limits{HorizonMs: o.LedgerHorizon.Milliseconds(), CountLate: o.LateEvents == lateCount,
			LowEnter: o.LowStockEnter, LowExit: o.LowStockExit},
		ProductGroups: o.ProductGroups,
		State: keyed.Config{InProcess: kind == prismRunner, Mirrored: o.mirrored(kind),
			CacheBytes: o.ImageCacheMB << 20},
	}
}

// mirrored reports whether the state is copied to Redis, for the next start.
func (o Options) mirrored(kind runnerKind) bool {
	return kind == prismRunner && o.Restore == restoreRedis
}

// velocity returns the settings of SmartVelocityFn. A bounded job on Dataflow sets no timers,
// because they may fire after the end of the input, or never.
func (o Options) velocity(p plan, kind runnerKind) transforms.VelocityOptions {
	return transforms.VelocityOptions{Config: o.velocityConfig(), Decay: !p.bounded(),
		AtOnce: p.bounded() && kind == dataflowRunner, Mirrored: o.mirrored(kind)}
}

// targets returns what sinks write to. Dataflow's workers have no mirror, because the runner keeps
// the state, and no lasting disk for dead letters.
func (o Options) targets(id string, c clock.Clock, kind runnerKind) sinks.Targets {
	bigQuery, _ := o.bigQuery() // validated before
	return sinks.Targets{PipelineID: id, Clock: c, Redis: o.Redis.Config(), WarehouseDir: o.WarehouseDir,
		Warehouse: localfiles.Options{Fsync: o.WarehouseFsync}, BigQuery: bigQuery,
		CheckEviction: kind == dataflowRunner, NoLocalDeadLetters: kind == dataflowRunner,
		Mirror: o.mirrored(kind), KeyGroups: o.KeyGroups, ProductGroups: o.ProductGroups}
}
