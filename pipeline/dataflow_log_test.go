package pipeline

import (
	"context"
	"log/slog"
	"path/filepath"
	"runtime"
	"strconv"
	"testing"

	"github.com/apache/beam/sdks/v2/go/pkg/beam/log"
)

// beamHarness keeps lines as the logger of Beam's harness sends them to the runner.
type beamHarness struct{ lines []string }

func (h *beamHarness) Log(_ context.Context, sev log.Severity, calldepth int, msg string) {
	_, file, line, _ := runtime.Caller(calldepth + 1)
	h.lines = append(h.lines, filepath.Base(file)+":"+strconv.Itoa(line)+" "+strconv.Itoa(int(sev))+" "+msg)
}

func TestWorkerLog(t *testing.T) {
	before := slog.Default()
	t.Cleanup(func() {
		slog.SetDefault(before)
		log.SetLogger(&log.Structural{}) // as Beam begins
	})
	least := slog.LevelWarn
	logToRunner(func() slog.Level { return least })
	slog.Warn("nobody is connected yet, and this line ends somewhere")
	h := &beamHarness{}
	log.SetLogger(h)

	_, _, here, _ := runtime.Caller(0)
	slog.Error("write to Redis", "error", "no\nway", "attempt", 3)
	slog.Info("too quiet")
	least = slog.LevelInfo // the options have arrived
	slog.InfoContext(t.Context(), "drained")
	slog.With("group", 7).WithGroup("redis").Warn("slow", "msg", "late", slog.Group("by", "ms", 12))

	at := func(below, severity int) string {
		return "dataflow_log_test.go:" + strconv.Itoa(here+below) + " " + strconv.Itoa(severity) + " "
	}
	want := []string{
		at(1, int(log.SevError)) + `write to Redis error="no\nway" attempt=3`,
		at(4, int(log.SevInfo)) + `drained`,
		at(5, int(log.SevWarn)) + `slow group=7 redis.msg=late redis.by.ms=12`,
	}
	if len(h.lines) != len(want) {
		t.Fatalf("got %q", h.lines)
	}
	for i := range want {
		if h.lines[i] != want[i] {
			t.Errorf("got  %q\nwant %q", h.lines[i], want[i])
		}
	}
}
