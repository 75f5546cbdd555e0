package workers

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/beamlytics/streamlytics/internal/redistest"
	"github.com/beamlytics/streamlytics/internal/rig"
	"github.com/beamlytics/streamlytics/pipeline"
)

// patience is how long a test waits for something that must happen.
const patience = 2 * time.Minute

// shop is a history of events, the Redis that the jobs share, and the truth about it.
type shop struct {
	t        *testing.T
	redis    *redistest.Server
	versions *rig.Versions
	trace    *rig.Trace
}

func newShop(t *testing.T, seed uint64, events int) *shop {
	t.Helper()
	s := &shop{t: t, redis: redistest.Start(t), trace: rig.NewTrace(rig.TraceOptions{Seed: seed, Events: events})}
	s.versions = rig.NewVersions(s.redis.Client())
	t.Cleanup(func() {
		if t.Failed() {
			t.Log(s.trace)
		}
	})
	return s
}

// options are those of a job that reads a folder of files to their end.
func (s *shop) options(dir string) pipeline.Options {
	o := pipeline.DefaultOptions()
	o.RedisAddrs, o.KeyGroups, o.ProductGroups = s.redis.Addr, 16, 4
	o.EventsFiles = filepath.Join(dir, "*.jsonl")
	return o
}

// write writes the events from one to another, by number, to files of a folder, each in some order.
func (s *shop) write(dir, name string, files, from, to int) {
	s.t.Helper()
	var text = make([]bytes.Buffer, files)
	for i, e := range s.trace.Events[from:to] {
		b := &text[i%files]
		b.Write(rig.Unified(e).Data)
		b.WriteByte('\n')
	}
	for i := range text {
		path := filepath.Join(dir, fmt.Sprintf("%s%d", name, i))
		if err := os.WriteFile(path, text[i].Bytes(), 0o600); err != nil {
			s.t.Fatal(err)
		}
		if err := os.Rename(path, path+".jsonl"); err != nil {
			s.t.Fatal(err)
		}
	}
}

// truth is what the events up to a number say.
func (s *shop) truth(to int) *rig.Truth {
	truth := rig.NewTruth()
	truth.Add(s.trace.Events[:to]...)
	return truth
}

// check holds all of Redis against the truth about the events up to a number.
func (s *shop) check(to int) {
	s.t.Helper()
	report, err := s.truth(to).Check(s.t.Context(), s.redis.Client(), rig.Now())
	if err != nil || !report.OK() {
		s.t.Errorf("%v, %v", report, err)
	}
	s.t.Log(report)
	if err := s.versions.Look(s.t.Context(), true); err != nil {
		s.t.Error(err)
	}
}
