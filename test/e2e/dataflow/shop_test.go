package dataflow

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/beamlytics/streamlytics/pipeline"
	"github.com/beamlytics/streamlytics/test/fakes/fakebigquery"
	"github.com/beamlytics/streamlytics/test/redistest"
	"github.com/beamlytics/streamlytics/test/rig"
	"github.com/beamlytics/streamlytics/test/truth"
)

// patience is how long a test waits for a condition.
const patience = 2 * time.Minute

// shop is a history of events, and the Redis that a job writes to.
type shop struct {
	t        *testing.T
	redis    *redistest.Server
	bigQuery string // address of the server of the dataset p.d, for dead letters and the archive
	versions *rig.Versions
	trace    *rig.Trace
}

func newShop(t *testing.T, seed uint64, events int) *shop {
	t.Helper()
	s := &shop{t: t, redis: redistest.Start(t), trace: rig.NewTrace(rig.TraceOptions{Seed: seed, Events: events})}
	s.bigQuery = fakebigquery.StartWithTables(t, "p", "d", "../../../sinks/rows/schema").Addr()
	s.versions = rig.NewVersions(s.redis.Client())
	t.Cleanup(func() {
		if t.Failed() {
			t.Log(s.trace)
		}
	})
	return s
}

// options returns the options of a job that reads the files of a folder to their end.
func (s *shop) options(dir string) pipeline.Options {
	o := pipeline.DefaultOptions()
	o.Redis.Addrs, o.KeyGroups, o.ProductGroups = s.redis.Addr, 16, 4
	o.BigQueryDataset, o.BigQueryEmulator = "p.d", s.bigQuery
	o.EventsFiles = filepath.Join(dir, "*.jsonl")
	return o
}

// watching returns the options of a job that reads new files of a folder, and does not end by itself.
func (s *shop) watching(dir string) pipeline.Options {
	o := s.options(dir)
	o.EventsFiles, o.WMSFiles, o.WMSFilesPoll = "", o.EventsFiles, 10*time.Millisecond
	return o
}

// write writes the events from one number to another to files of a folder.
func (s *shop) write(dir, name string, files, from, to int) {
	s.t.Helper()
	text := make([]bytes.Buffer, files)
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

// truth returns the ledger of the events up to a number.
func (s *shop) truth(to int) *truth.Ledger {
	return truth.NewLedger(s.trace.Events[:to]...)
}

// await waits until Redis holds the truth of the events up to a number, while a job runs.
func (s *shop) await(j *job, to int) {
	s.t.Helper()
	ledger := s.truth(to)
	var report truth.Report
	var err error
	defer func() { s.t.Log(report, err) }()
	j.await(fmt.Sprintf("the truth of %d events is there", to), func() bool {
		report, err = ledger.Check(s.t.Context(), s.redis.Client(), rig.Now())
		return err == nil && report.OK()
	})
}

// check compares all of Redis with the truth of the events up to a number.
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
