package demo

import (
	"context"

	"github.com/beamlytics/streamlytics/serving/page"
	"github.com/beamlytics/streamlytics/tools/retail"
)

// page returns what the demo adds to the page of its pipeline.
func (d *Demo) page() *page.Demo {
	world, names := d.feed.world, map[string]string{}
	for _, p := range world.Products() {
		names[p.ID] = p.Name
	}
	for _, s := range world.Stores() {
		names[s.ID] = s.Name
	}
	added := &page.Demo{
		Truth: d.truth,
		Names: func(id string) string { return names[id] },
		Start: func(ctx context.Context, name string) (page.Running, error) {
			p, err := d.feed.start(ctx, name)
			return runningOf(p), err
		},
		Running: func() map[string]page.Running {
			running := map[string]page.Running{}
			for name, p := range d.feed.snapshot().plays {
				running[name] = runningOf(p)
			}
			return running
		},
		Replay: d.feed.replay,
	}
	for _, s := range scenarios(d.store.embedded != nil) {
		added.Scenarios = append(added.Scenarios, page.Scenario{Name: s.Name, Title: s.Title, Watch: s.Watch})
	}
	return added
}

func runningOf(p retail.Play) page.Running {
	return page.Running{Running: p.Running, Product: p.Product, Store: p.Store, Text: p.Text}
}

// truth returns the result of the last check.
func (d *Demo) truth() page.Truth {
	s := d.feed.snapshot()
	t := page.Truth{Keys: int64(s.verdict.keys), Wrong: int64(s.verdict.wrong)}
	if !s.verdict.at.IsZero() {
		t.CheckedWall = s.verdict.at.UnixMilli()
	}
	if s.problem != nil {
		t.Problem = s.problem.Error()
	}
	return t
}
