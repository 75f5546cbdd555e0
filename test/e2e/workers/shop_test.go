package workers

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/beamlytics/streamlytics/pipeline"
	"github.com/beamlytics/streamlytics/test/redistest"
	"github.com/beamlytics/streamlytics/test/rig"
	"github.com/beamlytics/streamlytics/test/truth"
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

// watching are those of a job that reads files of a folder as they come, and does not end by itself.
func (s *shop) watching(dir string) pipeline.Options {
	o := s.options(dir)
	o.EventsFiles, o.WMSFiles, o.WMSFilesPoll = "", o.EventsFiles, 10*time.Millisecond
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
func (s *shop) truth(to int) *truth.Ledger {
	return truth.NewLedger(s.trace.Events[:to]...)
}

// await waits until Redis holds the truth about the events up to a number, while a job runs.
func (s *shop) await(j *job, to int) {
	s.t.Helper()
	ledger := s.truth(to)
	var report truth.Report
	var err error
	defer func() { s.t.Log(report, err) }()
	j.await(fmt.Sprintf("the truth of %d events is there", to), func() bool {
		report, err = ledger.Check(s.t.Context(), s.redis.Client(), j.clock.NowMs())
		return err == nil && report.OK()
	})
}

// logs is a digest of each key group's log in Redis and of who wrote it last. They change with events alone; what else is kept there,
// the decisions of velocity, changes with time as well.
func (s *shop) logs() map[string]string {
	s.t.Helper()
	digests := map[string]string{}
	keys, err := truth.ScanKeys(s.t.Context(), s.redis.Client(), "streamlytics:{log/*")
	if err != nil {
		s.t.Fatal(err)
	}
	for _, key := range keys {
		if digests[key], err = s.redis.Client().Dump(s.t.Context(), key).Result(); err != nil {
			s.t.Fatal(err)
		}
	}
	return digests
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

// whole reports whether the state in Redis is one that a job can start from: its layout is there, and no log owes anything.
func (s *shop) whole() bool {
	s.t.Helper()
	ctx, rdb := s.t.Context(), s.redis.Client()
	if n, err := rdb.Exists(ctx, "streamlytics:layout").Result(); err != nil || n == 0 {
		return false
	}
	marks, err := truth.ScanKeys(ctx, rdb, "streamlytics:{log/*}:by")
	if err != nil {
		s.t.Fatal(err)
	}
	for _, mark := range marks {
		if owed, err := rdb.HExists(ctx, mark, "owed").Result(); err != nil || owed {
			return false
		}
	}
	return len(marks) > 0
}
