package pipeline

import (
	"bytes"
	"errors"
	"log/slog"
	"strings"
	"testing"

	"github.com/beamlytics/streamlytics/config"
)

// planShown is the text of Beam's SDK about a bundle that failed.
const planShown = "job job-001 failed:\nbundle inst004 stage-006 failed:process bundle failed for instruction " +
	"inst004 using plan stage-006 : " +
	"while executing Process for Plan[stage-006]:\n1: DataSource[S[stage-006_source@localhost:33887], i0] Out:10\n" +
	"10: SDF.ProcessSizedElementsAndRestrictions[pubsub.ReadFn] UID:10 Out:[9]\n\tcaused by:\nsource failed " +
	"processing data\n\tcaused by:\n"

func TestFailureIsOneLine(t *testing.T) {
	for name, c := range map[string]struct{ text, want string }{
		"a DoFn returned it": {planShown +
			"DoFn[UID:10, PID:e, Name: a.b/files.ReadFn] failed:\nread x: no such file", "read x: no such file"},
		"of several lines": {planShown +
			"DoFn[UID:1, PID:e, Name: a] failed:\nread x\nclose y", "read x; close y"},
		"behind another DoFn": {planShown +
			"DoFn[UID:1, PID:e, Name: a] failed:\nDoFn[UID:2, PID:e, Name: b] failed:\nwrite z", "write z"},
		"a panic": {planShown +
			"panic: index out of range\nFull error:\npanic: index out of range goroutine 1 [running]:\nmain.go:1",
			"panic: index out of range (a fault of this program; --log_level=DEBUG shows where)"},
		"a plan without a cause": {"bundle failed: while executing Process for Plan[s]:\n1: DataSource",
			"bundle failed: (--log_level=DEBUG shows all)"},
		"nothing of the runner's": {"one\ntwo", "one; two"},
		"one line":                {"one", "one"},
	} {
		err := errors.New(c.text)
		if got := failure(err); got.Error() != c.want || !errors.Is(got, err) {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
	if failure(nil) != nil {
		t.Error("no error is a failure")
	}
}

// TestLogKeepsOwnLines checks that only lines of Beam are shortened or left out.
func TestLogKeepsOwnLines(t *testing.T) {
	var out bytes.Buffer
	o := DefaultOptions()
	o.Log = config.Log{Level: slog.LevelWarn, Format: "text"}
	log := slog.New(o.NewLogHandler(&out)).With("a", 1).WithGroup("g")
	log.Warn("bundle failed", "error", planShown)
	if !strings.Contains(out.String(), "DataSource") || !strings.Contains(out.String(), "a=1") {
		t.Errorf("an own line is shortened: %s", out.String())
	}
	out.Reset()
	log.Info("below the level")
	if out.Len() > 0 {
		t.Errorf("logged below its level: %s", out.String())
	}
}
