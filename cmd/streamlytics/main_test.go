package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/beamlytics/streamlytics/internal/redistest"
	"github.com/beamlytics/streamlytics/internal/rig"
)

func TestMain(m *testing.M) { os.Exit(rig.Main(m)) }

// TestKilledAndRestarted kills the program again and again while events flow, shuffled and repeated, and finds every key as the
// truth has it at the end: nothing lost, nothing counted twice.
func TestKilledAndRestarted(t *testing.T) {
	rdb := redistest.Start(t)
	for _, groups := range []int{64, 0} {
		t.Run(fmt.Sprintf("key_groups=%d", groups), func(t *testing.T) {
			ctx := context.Background()
			if err := rdb.Client().FlushAll(ctx).Err(); err != nil {
				t.Fatal(err)
			}
			const kills = 8
			trace := rig.NewTrace(rig.TraceOptions{Seed: uint64(groups) + 7, Events: 12_000, Duplicates: 0.1})
			t.Log(trace)
			pubsub := rig.StartPubSub(t, rig.PubSubOptions{AckDeadline: time.Second})
			launch := rig.Launch{Dir: t.TempDir(), Env: pubsub.Env(),
				Flags: append(pubsub.Flags(), "--redis_addrs="+rdb.Addr, fmt.Sprintf("--key_groups=%d", groups))}
			r := rand.New(rand.NewPCG(uint64(groups), 1))
			publish := func(i int) int {
				part := trace.Part(i, kills+1)
				if err := pubsub.Publish(part...); err != nil {
					t.Fatal(err)
				}
				return len(part)
			}
			for i := range kills {
				n := publish(i)
				// Somewhere between the first pull and the end of the part.
				killAt := pubsub.Stats().Acked + 1 + r.Int64N(int64(n))
				p := rig.Start(t, launch)
				if err := p.Await("it is time to kill it", time.Minute, func() bool { return pubsub.Stats().Acked >= killAt }); err != nil {
					t.Fatalf("kill %d: %v", i, err)
				}
				p.Kill()
			}
			publish(kills)
			p := rig.Start(t, launch)
			if err := p.Await("all is acknowledged", time.Minute, pubsub.Settled); err != nil {
				t.Fatalf("%+v of %d: %v", pubsub.Stats(), pubsub.Published(), err)
			}
			if err := p.Stop(30 * time.Second); err != nil {
				t.Fatal(err)
			}
			report, err := rig.NewTruth(trace).Check(ctx, rdb.Client(), rig.Now())
			if err != nil || !report.OK() {
				t.Errorf("%v %v", report, err)
			}
		})
	}
}

// TestBadOptions names everything that is wrong at once, and starts nothing.
func TestBadOptions(t *testing.T) {
	out, err := exec.Command(rig.Binary(t), "--foo=1", "--key_groups=many", "stray", "--pos_subscription=x", "--events_files=/nowhere/*", "--clock_speed=-1", "--restore=tape").CombinedOutput()
	if err == nil {
		t.Fatal("exit code 0")
	}
	for _, want := range []string{"--foo: unknown flag", `--key_groups: "many" is not an integer`, `"stray" is no flag`, "--pos_subscription", "--events_files: no file matches /nowhere/*", "--clock_speed: -1", `--restore: "tape"`} {
		if !strings.Contains(string(out), want) {
			t.Errorf("%q is not in:\n%s", want, out)
		}
	}
}
