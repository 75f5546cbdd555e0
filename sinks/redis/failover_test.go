package redis

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/beamlytics/streamlytics/signal"
	"github.com/beamlytics/streamlytics/test/redistest"
)

// TestWritesFollowTheMaster writes to a cluster while replicas take over: the writer must ask who
// the masters are when it cannot reach one, for nobody tells it.
func TestWritesFollowTheMaster(t *testing.T) {
	t.Parallel()
	c := redistest.StartClusterWithReplicas(t, 0)
	r := openRedis(t, Config{Addrs: c.Addrs()}, Stats{})
	version := int64(0)
	write := func() {
		t.Helper()
		version++
		batch := make([]signal.Stock, 60) // of all masters
		for i := range batch {
			batch[i] = signal.Stock{StoreID: "s", ProductID: fmt.Sprint("p", i), OnHand: version,
				Version: version, Known: true}
		}
		// Far less than the minute after which the client would ask by itself.
		ctx, cancel := context.WithTimeout(context.Background(), 25*time.Second)
		defer cancel()
		if err := r.WriteStock(ctx, batch); err != nil {
			t.Fatalf("write %d: %v", version, err)
		}
	}
	write()
	master := c.Failover(c.Masters()[0])
	write()
	c.KillMaster(master)
	write()
	reader := c.Client()
	for i := range 60 {
		key := fmt.Sprint("stock:s:p", i)
		if got, err := reader.Get(context.Background(), key).Int64(); err != nil || got != version {
			t.Errorf("%s is %d, %v, want %d", key, got, err, version)
		}
	}
}
