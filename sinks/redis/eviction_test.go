package redis

import (
	"strings"
	"testing"

	"github.com/beamlytics/streamlytics/test/redistest"
)

// TestCheckEviction: a Redis that may evict keys without an expiry is refused.
func TestCheckEviction(t *testing.T) {
	for _, c := range []struct {
		policy, limit string
		refused       bool
	}{
		{"noeviction", "100mb", false}, {"volatile-lru", "100mb", false}, {"allkeys-lru", "0", false},
		{"allkeys-lru", "100mb", true}, {"allkeys-lfu", "100mb", true}, {"allkeys-random", "100mb", true},
	} {
		server := redistest.Start(t, "--maxmemory-policy", c.policy, "--maxmemory", c.limit)
		checkEviction(t, []string{server.Addr}, c.policy, c.refused)
	}
	cluster := redistest.StartCluster(t)
	last := cluster.Nodes[2].Client()
	for _, set := range [][2]string{{"maxmemory", "100mb"}, {"maxmemory-policy", "allkeys-lru"}} {
		if err := last.ConfigSet(t.Context(), set[0], set[1]).Err(); err != nil {
			t.Fatal(err)
		}
	}
	checkEviction(t, cluster.Addrs(), "allkeys-lru", true)
}

func checkEviction(t *testing.T, addrs []string, policy string, refused bool) {
	t.Helper()
	err := openRedis(t, Config{Addrs: addrs}, Stats{}).CheckEviction(t.Context())
	if (err != nil) != refused {
		t.Errorf("%s: %v, want refused %v", policy, err, refused)
	}
	for _, want := range []string{addrs[len(addrs)-1], policy, "noeviction"} {
		if refused && err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%v does not name %s", err, want)
		}
	}
}
