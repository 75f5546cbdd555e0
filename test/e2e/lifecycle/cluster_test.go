package lifecycle

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/beamlytics/streamlytics/test/redistest"
	"github.com/beamlytics/streamlytics/test/rig"
)

// newClusterRun is a run on a cluster of three masters, those of the indices with a replica.
func newClusterRun(t *testing.T, replicated ...int) (*run, *redistest.Cluster) {
	t.Helper()
	c := redistest.StartClusterWithReplicas(t, replicated...)
	return (&run{t: t, addrs: strings.Join(c.Addrs(), ","), rdb: c.Client()}).prepare(), c
}

// TestKilledOnCluster is TestKilled on a Redis Cluster, with kills at any time.
func TestKilledOnCluster(t *testing.T) {
	t.Parallel()
	r, _ := newClusterRun(t)
	p := newPlan(*seed, 600)
	t.Logf("-kills.seed=%d, as of %s", p.seed, p.now.UTC().Format(time.RFC3339Nano))
	for range 6 {
		messages := p.life(flow)
		// Some time after the start, or when some more are acknowledged, whichever comes first.
		wait := time.Duration(100+p.random.IntN(900)) * time.Millisecond
		acked := r.pubsub.Stats().Acked + 1 + p.random.Int64N(int64(len(messages)))
		process := r.launch(r.addrs)
		published := make(chan error, 1)
		go func() { published <- r.pubsub.PublishAt(context.Background(), 2_500, messages...) }()
		if err := process.Await("the kill", patience, func() bool {
			return time.Since(process.Started()) > wait || r.pubsub.Stats().Acked >= acked
		}); err != nil {
			t.Fatal(err)
		}
		process.Kill()
		r.kills[anyTime]++
		if err := <-published; err != nil {
			t.Fatal(err)
		}
		if err := r.versions.Look(context.Background(), true); err != nil {
			t.Error(err)
		}
	}
	if err := r.pubsub.Publish(p.life(flow)...); err != nil {
		t.Fatal(err)
	}
	r.finish(p.truth)
}

// flowing is a life of the program while events flow.
type flowing struct {
	*run
	process   *rig.Process
	enough    chan struct{} // closed when the rest may come at once
	published chan error
	unwatch   func() // ends watch
}

// flow starts the program and lets messages flow, some hundred a second, until finish.
func (r *run) flow(messages []rig.Message) *flowing {
	r.t.Helper()
	f := &flowing{run: r, process: r.launch(r.addrs), enough: make(chan struct{}), published: make(chan error, 1), unwatch: func() {}}
	go func() {
		tick := time.NewTicker(20 * time.Millisecond)
		defer tick.Stop()
		for len(messages) > 0 {
			n := min(len(messages), 12)
			select {
			case <-tick.C:
			case <-f.enough:
				n = len(messages)
			}
			if err := r.pubsub.Publish(messages[:n]...); err != nil {
				f.published <- err
				return
			}
			messages = messages[n:]
		}
		f.published <- nil
	}()
	return f
}

// watch watches the versions from now on.
func (f *flowing) watch() {
	ctx, stop := context.WithCancel(context.Background())
	watched := make(chan error, 1)
	go func() { watched <- f.versions.Watch(ctx, 100*time.Millisecond) }()
	f.unwatch = sync.OnceFunc(func() {
		stop()
		if err := <-watched; err != nil {
			f.t.Error(err)
		}
	})
}

// awaitMore waits until so many more messages are acknowledged, which takes the cooperation of all masters. Messages must still
// be flowing then, so that what comes next happens in their midst.
func (f *flowing) awaitMore(n int64) {
	f.t.Helper()
	target := f.pubsub.Stats().Acked + n
	if err := f.process.Await(fmt.Sprint(n, " more are acknowledged"), patience, func() bool { return f.pubsub.Stats().Acked >= target }); err != nil {
		f.t.Fatal(err)
	}
}

// finish publishes the rest, waits until all is acknowledged, and holds everything against the truth: while the program runs, and when it
// has gone on from its state after a restart.
func (f *flowing) finish(p *plan) {
	t := f.t
	t.Helper()
	if len(f.published) == 1 {
		t.Error("all was published before the last fault: nothing flowed during it")
	}
	close(f.enough)
	if err := <-f.published; err != nil {
		t.Fatal(err)
	}
	if err := f.process.Await("all is acknowledged", patience, f.pubsub.Settled); err != nil {
		t.Fatalf("%v\npublished %d, %+v", err, f.pubsub.Published(), f.pubsub.Stats())
	}
	report, err := p.truth.Await(context.Background(), f.rdb, rig.Now, patience)
	if err != nil || !report.OK() {
		t.Fatalf("%v %v\n%s", report, err, f.process.Log())
	}
	f.unwatch()
	if err := f.versions.Look(context.Background(), false); err != nil {
		t.Error(err)
	}
	if err := f.process.Stop(30 * time.Second); err != nil {
		t.Fatal(err)
	}
	if err := f.pubsub.Publish(p.life(flow)...); err != nil {
		t.Fatal(err)
	}
	f.run.finish(p.truth)
}
