package pipeline

import (
	"log/slog"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/beamlytics/streamlytics/event"
	"github.com/beamlytics/streamlytics/sources/files"
	"github.com/beamlytics/streamlytics/test/rig"
)

// TestProgressIsLogged checks that a run over files logs its start, its progress when there is no
// terminal, and its end.
func TestProgressIsLogged(t *testing.T) {
	h := newHarness(t)
	h.options.POSSubscription, h.options.ECOMSubscription, h.options.WMSSubscription = "", "", ""
	h.options.EventsFiles = filepath.Join(t.TempDir(), "events.jsonl")
	var sales strings.Builder
	for _, e := range rig.NewTrace(rig.TraceOptions{Seed: 2, Events: 30_000}).Events {
		sales.Write(append(rig.Unified(e).Data, '\n'))
	}
	write(t, h.options.EventsFiles, sales.String())
	h.options.OutstandingEvents = 2000
	slow := rig.StartProxy(t, h.options.Redis.Addrs) // so that seconds are left
	slow.Delay(100*time.Millisecond, 100*time.Millisecond)
	h.options.Redis.Addrs = slow.Addr
	p, err := New(t.Context(), h.options)
	if err != nil {
		t.Fatal(err)
	}
	log := &rig.LogBuffer{}
	before := slog.Default()
	defer slog.SetDefault(before)
	slog.SetDefault(slog.New(slog.NewTextHandler(log, nil)))
	p.logEvery = 5 * time.Millisecond
	if err := p.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`msg="pipeline started" inputs="` + h.options.EventsFiles + ` (`,
		`msg="reading files" progress="`, "% of ", " events/s, ", ` left"`,
		`msg="pipeline ended" messages=30000 events=30000 refused=0 `, "complete=true seconds=", `files="100% of `} {
		if !strings.Contains(log.String(), want) {
			t.Errorf("%q is not in the log:\n%s", want, log)
		}
	}
}

func TestHowFar(t *testing.T) {
	p := register(t)
	p.progress = files.ProgressOf(p.env)
	p.plan.files = []files.File{{Path: "a.jsonl", Format: event.FormatUnified, Size: 2500}}
	if got := p.howFar(); got != "0 B read (0 of 1 files)" {
		t.Errorf("before the size is known: %s", got)
	}
	p.progress.Measure(p.plan.files)
	if got := p.howFar(); got != "0% of 2.5 kB read (0 of 1 files)" {
		t.Errorf("with its size: %s", got)
	}
	for n, want := range map[int64]string{0: "0 B", 999: "999 B", 1000: "1.0 kB", 1_234_567: "1.2 MB",
		5_000_000_000: "5.0 GB", 7_000_000_000_000: "7.0 TB"} {
		if got := bytesOf(n); got != want {
			t.Errorf("%d bytes are %s, want %s", n, got, want)
		}
	}
}
