package transforms

import (
	"fmt"
	"testing"
	"time"

	"github.com/beamlytics/streamlytics/event"
	"github.com/beamlytics/streamlytics/internal/clock"
)

// TestLooksAreForgotten: ids of views go after their day, in every kind of store, and pairs that only were looked at go with them;
// a pipeline that runs for months must not remember each view that it ever saw.
func TestLooksAreForgotten(t *testing.T) {
	for name, inProcess := range map[string]bool{"state at the runner": false, "state in the process": true} {
		t.Run(name, func(t *testing.T) {
			newEnv(t, nil)
			s := newStockStage(t, 1<<30)
			if inProcess {
				s.fn.InProcess = true
				if err := s.fn.Setup(t.Context()); err != nil {
					t.Fatal(err)
				}
			}
			const perDay, days = 3000, 6
			day := time.Now().Add(-time.Hour)
			sizes := make([]int, days)
			for d := range days {
				now := day.Add(time.Duration(d) * 24 * time.Hour)
				s.fn.Clock = clock.New(now, time.Now(), 1)
				for i := range perDay / 100 {
					var events []event.Event
					for j := range 100 {
						id := fmt.Sprint("v", d, "-", i, "-", j)
						events = append(events, ev(event.View, "1", fmt.Sprint("p", (i*100+j)%500+d*500), id, 1, now.Add(-time.Minute).UnixMilli()))
					}
					s.commit("0", events...)
				}
				c, err := s.fn.journal.open(t.Context(), s.runner.open("0"), "0")
				if err != nil {
					t.Fatal(err)
				}
				sizes[d] = c.image.size()
				s.fn.journal.keep("0", c)
			}
			for d, size := range sizes {
				if size > 3*sizes[0] {
					t.Errorf("after %d days the image has %d bytes, after one %d", d+1, size, sizes[0])
				}
			}
		})
	}
}
