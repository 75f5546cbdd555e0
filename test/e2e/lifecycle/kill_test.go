package lifecycle

import (
	"context"
	"flag"
	"fmt"
	"testing"
	"time"
)

var seed = flag.Uint64("kills.seed", 7, "decides the events and the moments of the kills")

// TestKilled kills the program again and again while events flow, shuffled and repeated: while it restores, while it writes a
// log anew, in full flow, and at any time. All phases must have been hit for certain, and not by luck; whatever was hit, every
// key holds what the truth says at the end, and no version has ever gone back.
func TestKilled(t *testing.T) {
	for _, test := range []struct {
		groups int
		events int // of a life
		due    map[phase]int
	}{
		{64, 600, map[phase]int{restore: 4, rewriting: 4, compaction: 5, logging: 4, flow: 4, anyTime: 4}},
		{0, 500, map[phase]int{restore: 3, rewriting: 2, compaction: 3, logging: 2, anyTime: 2}},
	} {
		t.Run(fmt.Sprintf("key_groups=%d", test.groups), func(t *testing.T) {
			t.Parallel()
			p := newPlan(*seed, test.events)
			t.Logf("-kills.seed=%d, as of %s", p.seed, p.now.UTC().Format(time.RFC3339Nano))
			r := newRun(t, fmt.Sprintf("--key_groups=%d", test.groups))
			ctx, stop := context.WithCancel(context.Background())
			defer stop()
			gone := make(chan error, 1)
			go func() { gone <- r.versions.Watch(ctx, 100*time.Millisecond) }()

			order := p.phases(test.due)
			for i := 0; i < len(order); i++ {
				logs, err := r.logs()
				if err != nil {
					t.Fatal(err)
				}
				m := p.moment(order[i], len(logs))
				began := time.Now()
				hit := r.live(m, p.life(order[i]))
				t.Logf("kill %d: %v: hit %q, %.1f s", i+1, m, hit, time.Since(began).Seconds())
				if hit == "" && m.phase != flow && i < 60 {
					order = append(order, m.phase) // the moment did not come, as when a log did not grow enough
				}
			}
			stop()
			if err := <-gone; err != nil {
				t.Error(err)
			}
			for _, of := range []phase{restore, rewriting, compaction, logging} {
				if r.kills[of] < test.due[of] {
					t.Errorf("%d kills during %s, want %d", r.kills[of], of, test.due[of])
				}
			}
			if err := r.pubsub.Publish(p.life(flow)...); err != nil {
				t.Fatal(err)
			}
			r.finish(p.truth)
		})
	}
}
