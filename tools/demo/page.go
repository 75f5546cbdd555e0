package demo

import (
	"context"

	"github.com/beamlytics/streamlytics/serving/page"
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
		Truth: func() page.Truth { return d.feed.snapshot().truth },
		Names: func(id string) string { return names[id] },
		Start: func(ctx context.Context, name string) (page.Running, error) {
			p, err := d.feed.start(ctx, name)
			return page.Running(p), err
		},
		Running: func() map[string]page.Running { return d.feed.snapshot().plays },
		Replay:  d.feed.replay,
	}
	for _, s := range scenarios(d.store.embedded != nil) {
		added.Scenarios = append(added.Scenarios, page.Scenario{Name: s.Name, Title: s.Title, Watch: s.Watch})
	}
	return added
}
