package operations

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/beamlytics/streamlytics/test/redistest"
	"github.com/beamlytics/streamlytics/test/rig"
	"github.com/beamlytics/streamlytics/test/truth"
)

// patience is how long a test waits for something that must happen.
const patience = 2 * time.Minute

// TestLeastPrivilege runs the program as the user that docs/SECURITY.md makes, over TLS with the password in a file: a backlog,
// kill -9, restore, drain, and a start from empty state. The rights suffice, and each of them is needed.
func TestLeastPrivilege(t *testing.T) {
	t.Parallel()
	const admin, password = "of the administrator", "of the pipeline"
	server, ca := redistest.StartTLS(t, "--requirepass", admin)
	root := server.ClientTLS(ca, admin)
	acl := aclOf(t, "pipeline", password)
	run(t, root, acl)

	secret := filepath.Join(t.TempDir(), "password")
	if err := os.WriteFile(secret, []byte(password+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	pubsub := rig.StartPubSub(t)
	trace := rig.NewTrace(rig.TraceOptions{Seed: 23, Events: 6000, Duplicates: 0.1})
	ledger := truth.NewLedger(trace.Events...)
	launch := rig.Launch{Dir: t.TempDir(), Env: pubsub.Env(), Flags: append(pubsub.Flags(), "--redis_addrs="+server.Addr, "--redis_tls",
		"--redis_ca="+ca, "--redis_username=streamlytics", "--redis_password_secret=file:"+secret, "--key_groups=8")}
	publish := func(part int) {
		t.Helper()
		if err := pubsub.Publish(trace.Part(part, 3)...); err != nil {
			t.Fatal(err)
		}
	}
	await := func(p *rig.Process, what string, condition func() bool) {
		t.Helper()
		if err := p.Await(what, patience, condition); err != nil {
			t.Fatal(err)
		}
	}

	publish(0)
	p := rig.Start(t, launch)
	await(p, "some is acknowledged", func() bool { return pubsub.Stats().Acked > 500 })
	publish(1)
	p.Kill()
	pubsub.Expire(t)
	p = rig.Start(t, launch)
	await(p, "two parts are acknowledged", pubsub.Settled)
	publish(2)
	await(p, "everything is acknowledged", pubsub.Settled)
	if err := p.Stop(patience); err != nil {
		t.Fatal(err)
	}
	used := stats(t, root) // before root itself reads
	if report, err := ledger.Check(t.Context(), root, rig.Now()); err != nil || !report.OK() {
		t.Errorf("%v, %v", report, err)
	}
	run(t, root, []any{"config", "resetstat"})
	// What somebody deletes is noticed and written again.
	p = rig.Start(t, launch)
	const reads = 2 // of each of the 8 logs: is it whole, and what is in it
	await(p, "the state is restored", func() bool { return stats(t, root)["lrange"] >= 8*reads && stats(t, root)["set"] > 0 })
	run(t, root, []any{"flushall"})
	await(p, "the loss is noticed", func() bool { return stats(t, root)["del"] > 0 })
	if report, err := ledger.Await(t.Context(), root, rig.Now, patience); err != nil || !report.OK() {
		t.Errorf("after a loss: %v, %v\n%s", report, err, p.Log())
	}
	if err := p.Stop(patience); err != nil {
		t.Fatal(err)
	}
	// A sale that lasts a day of a fast clock is forgotten: its key is deleted.
	launch.Flags = append(launch.Flags, "--clock_speed=50000")
	if err := pubsub.Publish(rig.Message{Channel: "pos", Data: fmt.Appendf(nil, `{"event_id":"late","type":"SALE","store_id":"s","product_id":"p","quantity":1,"occurred_at":%d}`, rig.Now())}); err != nil {
		t.Fatal(err)
	}
	p = rig.Start(t, launch)
	await(p, "the last event is acknowledged", pubsub.Settled)
	await(p, "velocity is forgotten", func() bool { return stats(t, root)["del"] > 0 && stats(t, root)["hdel"] > 0 })
	if err := p.Stop(patience); err != nil {
		t.Fatal(err)
	}
	launch.Flags = append(launch.Flags, "--restore=none")
	p = rig.Start(t, launch)
	await(p, "old state is dropped", func() bool { return stats(t, root)["unlink"] > 0 })
	if err := p.Stop(patience); err != nil {
		t.Fatal(err)
	}

	nothingDenied(t, root)
	for name, calls := range stats(t, root) {
		used[name] += calls
	}
	for _, name := range granted(acl) {
		if used[name] == 0 {
			t.Errorf("the document grants %s, which was not used", name)
		}
	}
}

// TestOutsideOfTheRights: what the document does not grant is refused.
func TestOutsideOfTheRights(t *testing.T) {
	server := redistest.Start(t)
	root := server.Client()
	ctx := t.Context()
	for _, key := range []string{"stock:1:2", "velocity:1:2:1hr", "streamlytics:epoch", "session:1"} {
		if err := root.Set(ctx, key, "1", 0).Err(); err != nil {
			t.Fatal(err)
		}
	}
	if err := root.HSet(ctx, "{stock:1:2}:meta", "version", "1").Err(); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		user, document  string
		allowed, denied []string
	}{
		{"streamlytics", "pipeline",
			[]string{"PING", "SET stock:1:2 5", "HSET {stock:1:2}:meta version 2", "SET velocity:1:2:1hr x", "DEL velocity:1:2:1hr", "INFO server"},
			[]string{"SET session:1 x", "HGET session:1 a", "DEL session:1", "UNLINK session:1", "GET session:1", "KEYS *", "FLUSHALL", "FLUSHDB", "CONFIG GET *",
				"ACL LIST", "ACL WHOAMI", "SCRIPT FLUSH", "SCRIPT KILL", "SHUTDOWN", "MONITOR", "REPLICAOF NO ONE", "CLIENT LIST", "SUBSCRIBE a", "PUBLISH a b",
				"EVAL return(redis.call('flushall')) 0", "EVAL return(redis.call('get',KEYS[1])) 1 session:1", "MODULE LIST", "SAVE", "MIGRATE h 1 stock:1:2 0 1", "FUNCTION LIST"}},
		{"storefront", "storefront",
			[]string{"PING", "GET stock:1:2", "MGET stock:1:2 velocity:1:2:1hr velocity:global:2:1hr", "HGETALL {stock:1:2}:meta", "HGET {stock:1:2}:meta version", "HMGET {stock:1:2}:meta version known"},
			[]string{"SET stock:1:2 9", "DEL stock:1:2", "HSET {stock:1:2}:meta version 9", "GET streamlytics:epoch", "GET session:1", "MGET stock:1:2 session:1",
				"SCAN 0", "KEYS *", "INFO", "EVAL return(1) 0", "FLUSHALL", "CONFIG GET *", "SUBSCRIBE a"}},
	} {
		t.Run(c.user, func(t *testing.T) {
			run(t, root, aclOf(t, c.document, "secret"))
			user := redis.NewClient(&redis.Options{Addr: server.Addr, Username: c.user, Password: "secret", DisableIdentity: true})
			t.Cleanup(func() { _ = user.Close() })
			do := func(command string) error {
				var args []any
				for _, word := range strings.Fields(command) {
					args = append(args, word)
				}
				return user.Do(ctx, args...).Err()
			}
			for _, command := range c.denied {
				if err := do(command); err == nil || !strings.Contains(err.Error(), "NOPERM") && !inScript.MatchString(err.Error()) {
					t.Errorf("%s: %v, want NOPERM", command, err)
				}
			}
			for _, command := range c.allowed {
				if err := do(command); err != nil && err != redis.Nil {
					t.Errorf("%s: %v", command, err)
				}
			}
		})
	}
}

// TestLeastPrivilegeInACluster adds what the document says of clusters, on each node.
func TestLeastPrivilegeInACluster(t *testing.T) {
	t.Parallel()
	const password = "of the pipeline"
	cluster := redistest.StartCluster(t)
	acl, more := aclOf(t, "pipeline", password), aclOf(t, "cluster", "")
	for _, n := range cluster.Nodes {
		run(t, n.Client(), acl)
		run(t, n.Client(), more)
	}
	pubsub := rig.StartPubSub(t)
	trace := rig.NewTrace(rig.TraceOptions{Seed: 29, Events: 4000, Duplicates: 0.1})
	launch := rig.Launch{Dir: t.TempDir(), Env: append(pubsub.Env(), "REDIS_PASSWORD="+password),
		Flags: append(pubsub.Flags(), "--redis_addrs="+strings.Join(cluster.Addrs(), ","), "--redis_username=streamlytics")}
	for part := range 2 {
		if err := pubsub.Publish(trace.Part(part, 2)...); err != nil {
			t.Fatal(err)
		}
		p := rig.Start(t, launch)
		if err := p.Await("everything is acknowledged", patience, pubsub.Settled); err != nil {
			t.Fatal(err)
		}
		if err := p.Stop(patience); err != nil {
			t.Fatal(err)
		}
	}
	used := map[string]int{}
	for _, n := range cluster.Nodes { // before anybody else reads
		for name, calls := range stats(t, n.Client()) {
			used[name] += calls
		}
	}
	ledger := truth.NewLedger(trace.Events...)
	if report, err := ledger.Check(t.Context(), cluster.Client(), rig.Now()); err != nil || !report.OK() {
		t.Errorf("%v, %v", report, err)
	}
	for _, n := range cluster.Nodes {
		nothingDenied(t, n.Client())
	}
	for _, name := range granted(more) {
		if used[name] == 0 {
			t.Errorf("the document grants %s, which was not used", name)
		}
	}
}

// inScript is what Redis says where a script does what its user may not.
var inScript = regexp.MustCompile("user executing the script can't run this command|ACL failure in script")

func run(t *testing.T, rdb *redis.Client, command []any) {
	t.Helper()
	if err := rdb.Do(t.Context(), command...).Err(); err != nil {
		t.Fatalf("%v: %v", command, err)
	}
}

// nothingDenied looks at what Redis refused to anyone.
func nothingDenied(t *testing.T, rdb *redis.Client) {
	t.Helper()
	denied, err := rdb.ACLLog(t.Context(), 100).Result()
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range denied {
		t.Errorf("%s was denied %s (%s, %s)", d.Username, d.Object, d.Reason, d.Context)
	}
}

var statLine = regexp.MustCompile(`(?m)^cmdstat_([^:]+):calls=(\d+)`)

// stats is how often each command was called, in scripts too.
func stats(t *testing.T, rdb *redis.Client) map[string]int {
	t.Helper()
	info, err := rdb.Info(context.WithoutCancel(t.Context()), "commandstats").Result()
	if err != nil {
		t.Fatal(err)
	}
	calls := map[string]int{}
	for _, m := range statLine.FindAllStringSubmatch(info, -1) {
		n := 0
		if _, err := fmt.Sscan(m[2], &n); err != nil {
			t.Fatal(err)
		}
		calls[m[1]] = n
	}
	return calls
}
