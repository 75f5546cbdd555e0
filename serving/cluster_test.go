package serving

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/beamlytics/streamlytics/test/redistest"
)

// trips counts the pipelines and the single commands that are sent to each server.
type trips struct {
	redis.Hook
	mu   sync.Mutex
	sent map[string]int
}

// of returns the hook of one server.
func (c *trips) of(server string) redis.Hook { return &serverTrips{c, server} }

type serverTrips struct {
	*trips
	server string
}

func (s *serverTrips) add() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sent[s.server]++
}

func (s *serverTrips) DialHook(next redis.DialHook) redis.DialHook { return next }

func (s *serverTrips) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error { s.add(); return next(ctx, cmd) }
}

func (s *serverTrips) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return func(ctx context.Context, cmds []redis.Cmder) error { s.add(); return next(ctx, cmds) }
}

func TestOneRoundTrip(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	write(t, open(t, server.Addr), product("12", "555", 4))
	count := trips{sent: map[string]int{}}
	rdb := server.Client()
	rdb.AddHook(count.of(server.Addr))
	for _, connected := range []bool{false, true} { // a new connection has round trips of its own
		clear(count.sent)
		if _, err := NewClient(rdb, clock(0)).Products(t.Context(), "12", []string{"555", "556"}); err != nil {
			t.Fatal(err)
		}
		if trips := count.sent[server.Addr]; connected && trips != 1 {
			t.Errorf("%d round trips", trips)
		}
	}
}

// A read of a cluster is one round trip to each master. While one does not answer, the products of
// the others are read.
func TestCluster(t *testing.T) {
	t.Parallel()
	cluster := redistest.StartCluster(t)
	for _, node := range cluster.Nodes {
		if err := node.Client().ConfigSet(t.Context(), "cluster-require-full-coverage", "no").Err(); err != nil {
			t.Fatal(err)
		}
	}
	count := trips{sent: map[string]int{}}
	rdb := redis.NewClusterClient(&redis.ClusterOptions{Addrs: cluster.Addrs(), MaxRedirects: -1,
		ContextTimeoutEnabled: true})
	defer rdb.Close()
	rdb.OnNewNode(func(node *redis.Client) { node.AddHook(count.of(node.Options().Addr)) })
	c := NewClient(rdb, clock(0))

	const n = 60
	var pairs, lost []Pair
	var want []Product
	for i := range n {
		p := product("12", strconv.Itoa(i), int64(i))
		want, pairs = append(want, p), append(pairs, Pair{"12", p.ProductID})
	}
	write(t, open(t, cluster.Addrs()...), want...)
	read := func(timeout time.Duration) ([]Product, error) {
		ctx, cancel := context.WithTimeout(t.Context(), timeout)
		defer cancel()
		return c.Read(ctx, pairs)
	}
	if _, err := read(time.Minute); err != nil { // which asks for the slots
		t.Fatal(err)
	}
	clear(count.sent)
	got, err := read(time.Minute)
	if err != nil || text(got...) != text(want...) {
		t.Fatalf("%v: %s", err, text(got...))
	}
	for _, node := range cluster.Nodes {
		if trips := count.sent[node.Addr]; trips != 1 {
			t.Errorf("%d round trips to %s", trips, node.Addr)
		}
	}

	away := cluster.Nodes[0]
	for i, p := range want {
		for _, key := range []string{p.Stock.Key(), p.Velocity.Key()} {
			node, err := rdb.MasterForKey(t.Context(), key)
			if err != nil {
				t.Fatal(err)
			}
			if node.Options().Addr == away.Addr && want[i].Stock != nil {
				want[i].Stock, want[i].Velocity = nil, nil
				lost = append(lost, pairs[i])
				break
			}
		}
	}
	if len(lost) == 0 || len(lost) == n {
		t.Fatalf("%d of %d products are on %s", len(lost), n, away.Addr)
	}
	check := func(how string, timeout time.Duration) error {
		t.Helper()
		got, err := read(timeout)
		var failed *ReadError
		if !errors.As(err, &failed) || !slices.Equal(failed.Pairs, lost) || text(got...) != text(want...) {
			t.Errorf("a master %s: %v: %s", how, err, text(got...))
		}
		return err
	}
	away.Pause()
	if err := check("hangs", 500*time.Millisecond); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a master hangs: %v", err)
	}
	away.Kill()
	_ = check("is down", time.Minute)
}
