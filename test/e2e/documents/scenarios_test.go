package documents

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/beamlytics/streamlytics/internal/metrics"
	"github.com/beamlytics/streamlytics/sinks/deadletters"
	"github.com/beamlytics/streamlytics/test/redistest"
	"github.com/beamlytics/streamlytics/test/rig"
)

// folder holds one folder a scenario.
const folder = "../../../testdata/scenarios"

// scenario is scenario.json. Beside it stand the inputs: pos.jsonl, ecom.jsonl and wms.jsonl, one message
// a line, or files/, which is read as --wms_files. In messages, @NOW@ is the time of the run in epoch ms,
// @SECONDS@ the same in seconds, and @MICROS@ the time 90 days earlier in microseconds.
type scenario struct {
	Shows string   // what the scenario shows
	Flags []string // beside the inputs and Redis
	outcome

	// Again is the outcome of a second run of the same command on the same Redis, if any.
	Again *outcome
}

// outcome is what a run leaves. Counts that are absent are 0.
type outcome struct {
	Stock      map[string]string // every key of the stock of a store, with its value
	Velocity   *[]string         // every velocity key; nil: any
	Refused    map[string]int64  // by reason; nil: see RefusedSum
	RefusedSum int64             `json:"refused_total"` // of all reasons, where Refused is nil
	AtLeast    int64             `json:"refused_total_at_least"`
	Duplicates int64
	Ignored    map[string]int64 // by name
}

func TestScenarios(t *testing.T) {
	entries, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		t.Run(e.Name(), func(t *testing.T) {
			t.Parallel()
			s := readScenario(t, e.Name())
			server := redistest.Start(t)
			run := func(want outcome) {
				t.Helper()
				p := feed(t, e.Name(), s.Flags, server.Addr)
				compare(t, server.Client(), p, want)
			}
			run(s.outcome)
			if s.Again != nil {
				s.Again.Stock = s.Stock
				run(*s.Again)
			}
		})
	}
}

func readScenario(t *testing.T, name string) (s scenario) {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(folder, name, "scenario.json"))
	if err != nil {
		t.Fatal(err)
	}
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	if err := d.Decode(&s); err != nil {
		t.Fatalf("scenario.json: %v", err)
	}
	if s.Shows == "" || s.Stock == nil {
		t.Fatal("scenario.json lacks shows or stock")
	}
	return s
}

// feed runs the program over the inputs of a scenario until they are read.
func feed(t *testing.T, name string, flags []string, addr string) *rig.Process {
	t.Helper()
	dir, err := filepath.Abs(filepath.Join(folder, name))
	if err != nil {
		t.Fatal(err)
	}
	launch := rig.Launch{Flags: append([]string{"--redis_addrs=" + addr}, flags...)}
	files := filepath.Join(dir, "files")
	_, err = os.Stat(files)
	if err == nil {
		launch.Flags = append(launch.Flags, "--wms_files="+filepath.Join(files, "*"))
	} else if !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	messages := messages(t, dir)
	if len(messages) == 0 {
		p := rig.Start(t, launch)
		if exit, err := p.Wait(patience); err != nil || exit != (rig.Exit{}) {
			t.Fatalf("%v, %v\n%s", exit, err, p.Log())
		}
		return p
	}
	pubsub := rig.StartPubSub(t)
	launch.Env, launch.Flags = pubsub.Env(), append(launch.Flags, pubsub.Flags()...)
	p := rig.Start(t, launch)
	if err := pubsub.Publish(messages...); err != nil {
		t.Fatal(err)
	}
	if err := p.Await("everything is acknowledged", patience, pubsub.Settled); err != nil {
		t.Fatal(err)
	}
	if err := p.Stop(patience); err != nil {
		t.Fatal(err)
	}
	return p
}

// messages reads the inputs for topics.
func messages(t *testing.T, dir string) (all []rig.Message) {
	t.Helper()
	now := time.Now()
	for _, channel := range rig.Channels {
		b, err := os.ReadFile(filepath.Join(dir, channel+".jsonl"))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		for name, n := range map[string]int64{
			"@NOW@": now.UnixMilli(), "@SECONDS@": now.Unix(), "@MICROS@": now.AddDate(0, 0, -90).UnixMicro(),
		} {
			b = bytes.ReplaceAll(b, []byte(name), strconv.AppendInt(nil, n, 10))
		}
		for line := range bytes.Lines(b) {
			all = append(all, rig.Message{Channel: channel, Data: bytes.TrimSuffix(line, []byte("\n"))})
		}
	}
	return all
}

// compare reports where a run left something else than it should have.
func compare(t *testing.T, rdb *redis.Client, p *rig.Process, want outcome) {
	t.Helper()
	stock := values(t, rdb, "stock:*")
	maps.DeleteFunc(stock, func(key, _ string) bool { return bytes.HasPrefix([]byte(key), []byte("stock:global:")) })
	if !maps.Equal(stock, want.Stock) {
		t.Errorf("stock is %v, want %v", stock, want.Stock)
	}
	if want.Velocity != nil {
		got := slices.Sorted(maps.Keys(values(t, rdb, "velocity:*")))
		if !slices.Equal(got, *want.Velocity) {
			t.Errorf("velocity keys are %q, want %q", got, *want.Velocity)
		}
	}
	s, err := p.Summary()
	if err != nil {
		t.Fatal(err)
	}
	compareCounts(t, s, want)
	var letters []string
	for l, err := range deadletters.Read(p.Dir) {
		if err != nil {
			t.Fatal(err)
		}
		letters = append(letters, fmt.Sprintf("%s: %s", l.Reason, l.Detail))
	}
	if n := int64(len(letters)); n != sum(s.Refused) {
		t.Errorf("%d dead letters, %d refused", n, sum(s.Refused))
	}
	if t.Failed() {
		t.Logf("dead letters: %q", letters)
	}
}

func compareCounts(t *testing.T, s metrics.Summary, want outcome) {
	t.Helper()
	switch total := sum(s.Refused); {
	case want.AtLeast > 0:
		if total < want.AtLeast {
			t.Errorf("%d refused (%v), want at least %d", total, s.Refused, want.AtLeast)
		}
	case want.RefusedSum > 0:
		if total != want.RefusedSum {
			t.Errorf("%d refused (%v), want %d", total, s.Refused, want.RefusedSum)
		}
	case !maps.Equal(s.Refused, want.Refused):
		t.Errorf("refused are %v, want %v", s.Refused, want.Refused)
	}
	if s.Duplicates != want.Duplicates {
		t.Errorf("%d duplicates, want %d", s.Duplicates, want.Duplicates)
	}
	if s.Ignored != sum(want.Ignored) || !maps.Equal(s.IgnoredByName, want.Ignored) {
		t.Errorf("ignored are %d, by name %v, want %v", s.Ignored, s.IgnoredByName, want.Ignored)
	}
}

func sum(counts map[string]int64) (n int64) {
	for _, c := range counts {
		n += c
	}
	return n
}

// values are the keys that match a pattern, with their values.
func values(t *testing.T, rdb *redis.Client, pattern string) map[string]string {
	t.Helper()
	keys, err := rdb.Keys(t.Context(), pattern).Result()
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]string{}
	for _, key := range keys {
		if found[key], err = rdb.Get(t.Context(), key).Result(); err != nil {
			t.Fatal(fmt.Errorf("read %s: %w", key, err))
		}
	}
	return found
}
