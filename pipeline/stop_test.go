package pipeline

import (
	"context"
	"net"
	"testing"
)

// TestStoppedBeforeStart checks that a pipeline that is stopped while it connects to Redis returns
// no error, because it has nothing to finish.
func TestStoppedBeforeStart(t *testing.T) {
	silent, err := net.Listen("tcp", "127.0.0.1:0") // takes connections and never answers
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	o := DefaultOptions()
	o.POSSubscription, o.RedisAddrs = "projects/p/subscriptions/s", silent.Addr().String()
	p, err := New(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	go func() {
		if conn, err := silent.Accept(); err == nil {
			defer conn.Close()
		}
		stop()
	}()
	if err := p.Run(ctx); err != nil {
		t.Errorf("a start that was given up ends with %v", err)
	}
}
