package redis

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/alicebob/miniredis/v2"
	goredis "github.com/redis/go-redis/v9"

	"github.com/beamlytics/streamlytics/test/redistest"
)

// TestDescribe checks what is stated about servers, by the addresses of the configuration.
func TestDescribe(t *testing.T) {
	server, cluster := redistest.Start(t), redistest.StartClusterWithReplicas(t, 0)
	replica := redistest.Start(t, "--replicaof", strings.Replace(server.Addr, ":", " ", 1))
	stopped := redistest.Start(t)
	stopped.Stop()
	noInfo := redistest.Start(t)
	acl(t, noInfo.Client(), "default -info")
	addrs := cluster.Addrs()
	for _, c := range []struct {
		name, addr string
		addrs      []string
		want       string // in the description or the error
		err        bool
	}{
		{"single", server.Addr, []string{server.Addr}, "a single server", false},
		{"no right to INFO", noInfo.Addr, []string{noInfo.Addr}, "its version is not known", false},
		{"master of a cluster", addrs[1], addrs, "a cluster of 3 masters", false},
		{"replica of a cluster", addrs[3], addrs, "a cluster of 3 masters", false},
		{"one address of a cluster", addrs[0], addrs[:1], "this is a node of a cluster", true},
		{"several addresses of a single server", server.Addr, []string{server.Addr, server.Addr},
			"give --redis_addrs one", true},
		{"dead address of a cluster", stopped.Addr, append(addrs, stopped.Addr), "does Redis listen there?", true},
		{"replica", replica.Addr, []string{replica.Addr}, "give its master", true},
	} {
		found, err := Describe(t.Context(), Config{Addrs: c.addrs}, c.addr)
		if err != nil {
			found = err.Error()
		}
		if (err != nil) != c.err || !strings.Contains(found, c.want) || c.err && !strings.Contains(found, c.addr) {
			t.Errorf("%s: %q, want %q", c.name, found, c.want)
		}
	}
	if n := server.Client().Info(t.Context(), "memory").Val(); !strings.Contains(n, "number_of_cached_scripts:0") {
		t.Error("a description loads a script")
	}
}

// TestDenied names the right that is missing on one master of a cluster, and changes and logs nothing.
func TestDenied(t *testing.T) {
	cluster := redistest.StartCluster(t)
	last := cluster.Nodes[2].Client()
	r := openRedis(t, Config{Addrs: cluster.Addrs()}, Stats{})
	commands := append(slices.Clone(ClusterRights), Rights...)
	deny := func(rule string, want ...string) {
		t.Helper()
		acl(t, last, "default "+rule)
		if denied, err := r.Denied(t.Context(), commands); err != nil || !slices.Equal(denied, want) {
			t.Errorf("%s: %q, %v; want %q", rule, denied, err, want)
		}
	}
	deny("+@all")
	deny("-del", "del velocity:S:P:1hr")
	deny("+@all resetkeys ~stock:* ~{stock:*}:meta ~streamlytics:*", "del velocity:S:P:1hr", "set velocity:S:P:1hr")
	if log := last.ACLLog(t.Context(), 10).Val(); len(log) > 0 {
		t.Errorf("Redis has logged denials: %v", log)
	}
	for _, node := range cluster.Nodes {
		if n := node.Client().DBSize(t.Context()).Val(); n > 0 {
			t.Errorf("%d keys", n)
		}
	}
	acl(t, last, "default allkeys -evalsha")
	if _, err := r.Denied(t.Context(), commands); err == nil || !strings.Contains(err.Error(), "evalsha") ||
		!strings.Contains(err.Error(), "docs/SECURITY.md") {
		t.Errorf("without EVALSHA: %v", err)
	}
}

// TestDeniedIsUnknown uses a server without the rights of Redis 7.
func TestDeniedIsUnknown(t *testing.T) {
	r := openRedis(t, Config{Addrs: []string{miniredis.RunT(t).Addr()}}, Stats{})
	if _, err := r.Denied(t.Context(), Rights); !errors.Is(err, ErrUnknown) {
		t.Errorf("%v", err)
	}
}

// TestEvictionIsUnknown takes the right to INFO away.
func TestEvictionIsUnknown(t *testing.T) {
	server := redistest.Start(t)
	r := openRedis(t, Config{Addrs: []string{server.Addr}}, Stats{})
	if policy, err := r.Eviction(t.Context()); err != nil || !strings.Contains(policy, "noeviction") {
		t.Errorf("%q, %v", policy, err)
	}
	acl(t, server.Client(), "default -info")
	if _, err := r.Eviction(t.Context()); !errors.Is(err, ErrUnknown) {
		t.Errorf("%v", err)
	}
	if err := r.CheckEviction(t.Context()); err != nil {
		t.Errorf("a start is refused: %v", err)
	}
}

// acl changes the rights of a user: ACL SETUSER with the words of a text.
func acl(t *testing.T, rdb *goredis.Client, text string) {
	t.Helper()
	args := []any{"acl", "setuser"}
	for _, word := range strings.Fields(text) {
		args = append(args, word)
	}
	if err := rdb.Do(t.Context(), args...).Err(); err != nil {
		t.Fatal(err)
	}
}
