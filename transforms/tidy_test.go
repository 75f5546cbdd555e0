package transforms

import (
	"fmt"
	"testing"
	"time"

	"github.com/beamlytics/streamlytics/event"
	"github.com/beamlytics/streamlytics/internal/clock"
)

// TestViewsExpire: the ids of views are dropped after a day, and pairs of which nothing else is
// known with them. A pipeline that runs for months must not keep each view.
func TestViewsExpire(t *testing.T) {
	newEnv(t, nil)
	s := newStockStage(t, testKeyed(t))
	const perDay, days = 3000, 6
	day := time.Now().Add(-time.Hour)
	sizes := make([]int, days)
	for d := range days {
		now := day.Add(time.Duration(d) * 24 * time.Hour)
		s.fn.Clock = clock.New(now, time.Now(), 1)
		for i := range perDay / 100 {
			var events []event.UnifiedInventoryEvent
			for j := range 100 {
				id := fmt.Sprint("v", d, "-", i, "-", j)
				events = append(events, ev(event.View, "1", fmt.Sprint("p", (i*100+j)%500+d*500), id, 1,
					now.Add(-time.Minute).UnixMilli()))
			}
			s.commit("0", events...)
		}
		c, err := s.fn.log.Open(nil, "0")
		if err != nil {
			t.Fatal(err)
		}
		sizes[d] = c.Image.Size()
		s.fn.log.Keep("0", c)
	}
	for d, size := range sizes {
		if size > 3*sizes[0] {
			t.Errorf("after %d days the image has %d bytes, after one %d", d+1, size, sizes[0])
		}
	}
}
