package faults

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/beamlytics/streamlytics/test/redistest"
	"github.com/beamlytics/streamlytics/test/rig"
)

// durable makes a server keep everything over a crash of its process.
var durable = []string{"--appendonly", "yes"}

// TestRedisDown kills Redis, and starts it again with what it had.
func TestRedisDown(t *testing.T) {
	s := newScenario(t, "Redis down", setup{seed: 101, redis: durable})
	s.blocked(*outage, s.redis.Kill, s.redis.Restart, "cannot write to Redis, trying again")
}

// TestRedisDownWithBacklog kills Redis before a backlog that is much more than the program may hold. The rest stays in Pub/Sub.
func TestRedisDownWithBacklog(t *testing.T) {
	const outstanding = 2000
	// Beyond those, each subscription can have a bundle and the pulls that wait for one, with one in hand.
	most := int64(outstanding + len(rig.Channels)*(5000+9*1000))
	s := newScenario(t, "Redis down, a backlog in Pub/Sub", setup{seed: 107, events: 80_000, redis: durable,
		flags: []string{fmt.Sprint("--outstanding_events=", outstanding)}})
	s.start()
	s.publish(s.trace.Part(0, 100))
	s.await("events flow", s.pubsub.Settled)
	s.redis.Kill()
	for i := 1; i < 100; i++ {
		s.publish(s.trace.Part(i, 100))
	}
	for end := time.Now().Add(*outage); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		if leased := s.pubsub.Stats().Leased; leased > most {
			t.Fatalf("%d messages are leased, more than %d", leased, most)
		}
	}
	s.redis.Restart()
	s.healed = time.Now()
	s.recover()
}

// TestRedisHung stops Redis for longer than the client waits for a reply, and lets it go on: it then also gets the commands that
// the client has given up and sent again.
func TestRedisHung(t *testing.T) {
	s := newScenario(t, "Redis hung (SIGSTOP)", setup{seed: 103})
	s.blocked(*outage, s.redis.Pause, s.redis.Resume, "cannot write to Redis, trying again")
}

// TestRedisOutOfMemory lets Redis refuse what needs memory, and then gives it more.
func TestRedisOutOfMemory(t *testing.T) {
	s := newScenario(t, "Redis out of memory (noeviction)", setup{seed: 104, redis: []string{"--maxmemory-policy", "noeviction"}})
	ctx := context.Background()
	limit := func(bytes string) {
		if err := s.client().ConfigSet(ctx, "maxmemory", bytes).Err(); err != nil {
			t.Fatal(err)
		}
	}
	s.outage(*outage, func() { limit(usedMemory(t, s)) }, func() { limit("0") },
		"cannot write to Redis, trying again", "OOM command not allowed")
}

// usedMemory is what Redis has allocated, in bytes.
func usedMemory(t *testing.T, s *scenario) string {
	t.Helper()
	info, err := s.client().Info(context.Background(), "memory").Result()
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(info, "used_memory:")
	used, _, _ := strings.Cut(rest, "\r\n")
	if _, err := strconv.Atoi(used); err != nil {
		t.Fatalf("used memory %q: %v", used, err)
	}
	return used
}

// TestRedisFailover kills a master. Its address then leads to its replica, which refuses writes until it is made the master.
func TestRedisFailover(t *testing.T) {
	s := newScenario(t, "Redis failing over (READONLY)", setup{seed: 105, redis: []string{"--repl-diskless-sync-delay", "0"}})
	ctx := context.Background()
	replica := redistest.Start(t)
	host, port, _ := strings.Cut(s.redis.Addr, ":")
	if err := replica.Client().ReplicaOf(ctx, host, port).Err(); err != nil {
		t.Fatal(err)
	}
	s.blocked(*outage, func() {
		// Replication is not what is tested: the replica has everything.
		if n, err := s.client().Wait(ctx, 1, patience).Result(); err != nil || n != 1 {
			t.Fatalf("%d replicas, %v", n, err)
		}
		s.redis.Kill()
		s.link.Retarget(replica.Addr)
		s.redis = replica
	}, func() {
		if err := replica.Client().ReplicaOf(ctx, "no", "one").Err(); err != nil {
			t.Fatal(err)
		}
	}, "cannot write to Redis, trying again", "READONLY")
}

// TestRedisSlow makes each reply take 100 to 300 ms more.
func TestRedisSlow(t *testing.T) {
	s := newScenario(t, "Redis slow (100 to 300 ms a reply)", setup{seed: 106})
	client := redis.NewClient(&redis.Options{Addr: s.link.Addr})
	t.Cleanup(func() { _ = client.Close() })
	s.outage(*outage, func() {
		s.link.Delay(100*time.Millisecond, 300*time.Millisecond)
		asked := time.Now()
		if err := client.Ping(t.Context()).Err(); err != nil || time.Since(asked) < 100*time.Millisecond {
			t.Errorf("a reply took %v, %v", time.Since(asked), err)
		}
	}, func() { s.link.Delay(0, 0) })
}
