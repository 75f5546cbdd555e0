package transforms

import (
	"context"
	"fmt"
	"sync"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/core/graph/mtime"

	"github.com/beamlytics/streamlytics/event"
	"github.com/beamlytics/streamlytics/internal/dofn"
	"github.com/beamlytics/streamlytics/internal/process"
	"github.com/beamlytics/streamlytics/transforms/keyed"
	"github.com/beamlytics/streamlytics/transforms/stock"
	"github.com/beamlytics/streamlytics/transforms/velocity"
)

func init() {
	dofn.Register(func(f *startFn) dofn.Func { return dofn.Func2x0(f.ProcessElement) })
}

// Mirror is a copy of the state of an earlier pipeline.
type Mirror interface {
	// Logs calls each, possibly from several goroutines, with the log of every Beam key of
	// InventoryStatefulFn: its records, oldest first, and the number of its last write.
	Logs(ctx context.Context, each func(key string, records [][]byte, seq int64) error) error
	// KeptGroups returns what is kept of each product group, by field.
	KeptGroups(ctx context.Context) (map[string]map[string]string, error)
}

// Restore puts the state in a mirror into this process, before the graph of the pipeline starts. It
// replays the stock state and computes the velocity state and the stock over all stores from it. It
// calls restored, if not nil, after each Beam key. The product groups publish all signals when they
// are opened for the first time, which the control of Start triggers.
func Restore(ctx context.Context, k Keyed, c velocity.Config, m Mirror, restored func()) error {
	env := process.Of(k.PipelineID)
	inventory, err := keyed.NewRestored(env, inventoryStage, k.State, func() *inventoryImage {
		return newInventoryImage(k.Limits)
	})
	if err != nil {
		return fmt.Errorf("restore the stock state: %w", err)
	}
	products, err := newRestoredProducts(ctx, k, c, m)
	if err != nil {
		return fmt.Errorf("restore the velocity state: %w", err)
	}
	now := k.Clock.NowMs()
	err = m.Logs(ctx, func(key string, records [][]byte, seq int64) error {
		err := inventory.Replay(key, records, seq, func(g *inventoryImage) { products.add(g, now) })
		if err == nil && restored != nil {
			restored()
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("restore the stock state: %w", err)
	}
	return products.store(env, k)
}

// restoredProducts are the images of all product groups.
type restoredProducts struct {
	names    []string
	newImage func() *productImage

	mu     sync.Mutex
	groups []*productImage
}

// newRestoredProducts begins with what the mirror keeps of the product groups.
func newRestoredProducts(ctx context.Context, k Keyed, c velocity.Config, m Mirror) (*restoredProducts, error) {
	kept, err := m.KeptGroups(ctx)
	if err != nil {
		return nil, err
	}
	p := &restoredProducts{names: keyed.KeyGroups(k.ProductGroups).Names(),
		newImage: func() *productImage { return newProductImage(k.Limits, c) }}
	for _, name := range p.names {
		g := p.newImage()
		if err := g.resume(kept[name]); err != nil {
			return nil, fmt.Errorf("product group %s: %w", name, err)
		}
		p.groups = append(p.groups, g)
	}
	return p, nil
}

// add adds the known stock and the demand of the last 24 hours of every pair.
func (p *restoredProducts) add(g *inventoryImage, nowMs int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, x := range g.pairs {
		store, product := []byte(x.store), []byte(x.product)
		group := p.groups[keyed.GroupOf(product, len(p.groups))]
		if x.Known() {
			sum := &group.product(product).stock // its badge is that of the whole sum
			sum.OnHand += x.OnHand()
			sum.Stores++
		}
		x.EachDemand(nowMs-stock.DayMs, func(t event.Type, timeMs, quantity int64) {
			group.addDemand(product, store, timeMs, nowMs, kindOf(t), quantity)
		})
	}
}

func (p *restoredProducts) store(env *process.Env, k Keyed) error {
	restored, err := keyed.NewRestored(env, velocityStage, k.State, p.newImage)
	if err != nil {
		return fmt.Errorf("restore the velocity state: %w", err)
	}
	for i, g := range p.groups {
		restored.Add(p.names[i], g)
	}
	return nil
}

// startFn emits one control to InventoryStatefulFn.
type startFn struct{}

// Start returns batches for InventoryStateful. If restored, it is one control that makes every
// product group publish its signals and set its timer before an event comes. Otherwise it is empty.
func Start(s beam.Scope, restored bool) beam.PCollection {
	s = s.Scope("Start")
	var starts []int
	if restored {
		starts = []int{1}
	}
	return beam.ParDo(s, &startFn{}, beam.CreateList(s, starts))
}

// ProcessElement emits the control.
func (f *startFn) ProcessElement(_ int, emit func(beam.EventTime, string, []byte)) {
	emit(mtime.ZeroTimestamp, controlKey, appendControl(appendTokens(nil, nil), evaluate))
}
