package main

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/beamlytics/streamlytics/internal/localpubsub"
	"github.com/beamlytics/streamlytics/internal/oracle"
	"github.com/beamlytics/streamlytics/internal/redistest"
)

// program builds the binary.
func program(t *testing.T) string {
	t.Helper()
	return build(t, "streamlytics")
}

// start runs the binary in a folder of its own.
func start(t *testing.T, dir, path string, env []string, args ...string) (*exec.Cmd, *bytes.Buffer) {
	t.Helper()
	var log bytes.Buffer
	cmd := exec.Command(path, args...)
	cmd.Dir, cmd.Env, cmd.Stderr = dir, append(os.Environ(), env...), &log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill() // it may have ended
		_ = cmd.Wait()
	})
	return cmd, &log
}

// TestKilledAndRestarted kills the program again and again while events flow, shuffled and repeated, and finds every key as the
// truth has it at the end: nothing lost, nothing counted twice.
func TestKilledAndRestarted(t *testing.T) {
	path, rdb := program(t), redistest.Start(t)
	for _, groups := range []int{64, 0} {
		t.Run(fmt.Sprintf("key_groups=%d", groups), func(t *testing.T) {
			if err := rdb.Client().FlushAll(context.Background()).Err(); err != nil {
				t.Fatal(err)
			}
			server, err := localpubsub.Start(localpubsub.Options{})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(server.Close)
			if err := server.CreateTopic("projects/p/topics/pos"); err != nil {
				t.Fatal(err)
			}
			if err := server.CreateSubscription("projects/p/topics/pos", "projects/p/subscriptions/pos", localpubsub.SubscriptionOptions{AckDeadline: time.Second}); err != nil {
				t.Fatal(err)
			}
			const events, kills = 12_000, 8
			truth, messages := history(uint64(groups)+7, events)
			args := []string{"--pos_subscription=projects/p/subscriptions/pos", "--redis_addrs=" + rdb.Addr, fmt.Sprintf("--key_groups=%d", groups)}
			env := []string{"PUBSUB_EMULATOR_HOST=" + server.Addr()}
			dir := t.TempDir()
			r := rand.New(rand.NewPCG(uint64(groups), 1))
			publish := func(i int) int {
				part := messages[i*len(messages)/(kills+1) : (i+1)*len(messages)/(kills+1)]
				for _, m := range part {
					if _, err := server.Publish("projects/p/topics/pos", []byte(m), nil); err != nil {
						t.Fatal(err)
					}
				}
				return len(part)
			}
			for i := range kills {
				n := publish(i)
				before, err := server.Stats("projects/p/subscriptions/pos")
				if err != nil {
					t.Fatal(err)
				}
				cmd, log := start(t, dir, path, env, args...)
				// Somewhere between the first pull and the end of the part.
				ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
				if err := server.WaitAcked(ctx, "projects/p/subscriptions/pos", before.Acked+1+r.Int64N(int64(n))); err != nil {
					t.Fatalf("kill %d: %v\n%s", i, err, log)
				}
				cancel()
				if err := cmd.Process.Kill(); err != nil {
					t.Fatal(err)
				}
				_ = cmd.Wait() // killed
			}
			publish(kills)
			cmd, log := start(t, dir, path, env, args...)
			deadline := time.Now().Add(time.Minute)
			for {
				s, err := server.Stats("projects/p/subscriptions/pos")
				if err != nil {
					t.Fatal(err)
				}
				if s.Acked == int64(len(messages)) {
					break
				}
				if time.Now().After(deadline) {
					t.Fatalf("stuck at %+v of %d\n%s", s, len(messages), log)
				}
				time.Sleep(10 * time.Millisecond)
			}
			if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
				t.Fatal(err)
			}
			if err := cmd.Wait(); err != nil {
				t.Fatalf("after SIGTERM: %v\n%s", err, log)
			}
			check(t, rdb, truth)
		})
	}
}

func check(t *testing.T, rdb *redistest.Server, truth []oracle.Event) {
	t.Helper()
	ctx := context.Background()
	want := oracle.Stock(truth)
	report, err := oracle.CheckStock(ctx, rdb.Client(), want, oracle.AlsoMeta, oracle.AlsoExtra)
	if err != nil || !report.OK() {
		t.Errorf("%v %v %v", report, report.Samples, err)
	}
	global, err := oracle.CheckGlobal(ctx, rdb.Client(), oracle.Global(want), oracle.AlsoMeta, oracle.AlsoExtra)
	if err != nil || !global.OK() {
		t.Errorf("global: %v %v %v", global, global.Samples, err)
	}
	for product, wantUnits := range units(truth) {
		v, err := rdb.Client().Get(ctx, "velocity:global:"+product+":1hr").Result()
		if err != nil || !strings.Contains(v, fmt.Sprintf(`"units_24h":%d,`, wantUnits)) {
			t.Errorf("velocity of %s is %s (%v), want %d units in 24 hours", product, v, err, wantUnits)
		}
	}
}

// history makes events of the last two hours, shuffled, some of them twice.
func history(seed uint64, n int) (truth []oracle.Event, messages []string) {
	r := rand.New(rand.NewPCG(seed, 2))
	now := time.Now().UnixMilli()
	for i := range n {
		e := oracle.Event{ID: fmt.Sprint("e", i), Type: "SALE", Store: fmt.Sprint(r.IntN(10)), Product: fmt.Sprintf("p%d", r.IntN(30)),
			Quantity: r.Int64N(5), OccurredAt: now - r.Int64N(2*3600*1000)}
		switch r.IntN(10) {
		case 0:
			e.Type = "RECEIPT"
		case 1:
			e.Type = "RESET"
		case 2, 3:
			e.Type = "VIEW"
		}
		truth = append(truth, e)
		m := fmt.Sprintf(`{"event_id":%q,"type":%q,"store_id":%q,"product_id":%q,"quantity":%d,"occurred_at":%d}`, e.ID, e.Type, e.Store, e.Product, e.Quantity, e.OccurredAt)
		messages = append(messages, m)
		if r.IntN(10) == 0 {
			messages = append(messages, m)
		}
	}
	r.Shuffle(len(messages), func(i, j int) { messages[i], messages[j] = messages[j], messages[i] })
	return truth, messages
}

func units(truth []oracle.Event) map[string]int64 {
	sums := map[string]int64{}
	for _, e := range truth {
		if e.Type == "SALE" {
			sums[e.Product] += e.Quantity
		}
	}
	return sums
}

// TestBadOptions names everything that is wrong at once, and starts nothing.
func TestBadOptions(t *testing.T) {
	path := program(t)
	out, err := exec.Command(path, "--foo=1", "--key_groups=many", "stray", "--pos_subscription=x", "--events_files=/nowhere/*", "--clock_speed=-1", "--restore=tape").CombinedOutput()
	if err == nil {
		t.Fatal("exit code 0")
	}
	for _, want := range []string{"--foo: unknown flag", `--key_groups: "many" is not an integer`, `"stray" is no flag`, "--pos_subscription", "--events_files: no file matches /nowhere/*", "--clock_speed: -1", `--restore: "tape"`} {
		if !strings.Contains(string(out), want) {
			t.Errorf("%q is not in:\n%s", want, out)
		}
	}
}
