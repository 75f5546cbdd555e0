package faults

import (
	"bufio"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/beamlytics/streamlytics/test/truth"
)

// archive gives the program a warehouse in dir.
func (s *scenario) archive(dir string) {
	s.launch.Flags = append(s.launch.Flags, "--warehouse_dir="+dir)
}

// archived requires a row in the warehouse for every event of the messages' part of the trace, and complete rows only.
func (s *scenario) archived(dir string, events []truth.Event) {
	s.t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*", "*.jsonl"))
	if err != nil || len(files) == 0 {
		s.t.Fatalf("%d files in the warehouse, %v", len(files), err)
	}
	type row struct {
		ID      string `json:"event_id"`
		Store   string `json:"store_id"`
		Product string `json:"product_id"`
	}
	found := map[row]bool{}
	for _, name := range files {
		f, err := os.Open(name)
		if err != nil {
			s.t.Fatal(err)
		}
		lines := bufio.NewScanner(f)
		for n := 1; lines.Scan(); n++ {
			var r row
			if err := json.Unmarshal(lines.Bytes(), &r); err != nil {
				s.t.Errorf("%s:%d: %v", name, n, err)
			}
			if filepath.Base(filepath.Dir(name)) == "events" {
				found[r] = true
			}
		}
		if err := lines.Err(); err != nil {
			s.t.Error(err)
		}
		f.Close()
	}
	missing := 0
	for _, e := range events {
		if !found[row{e.ID, e.Store, e.Product}] {
			missing++
		}
	}
	if missing > 0 {
		s.t.Errorf("%d of %d events are not in the warehouse", missing, len(events))
	}
}

// TestWarehouseReadOnly starts the program on a folder that it may not write to, and lets it later.
func TestWarehouseReadOnly(t *testing.T) {
	s := newScenario(t, "warehouse read-only", setup{seed: 401, unprivileged: true})
	dir := t.TempDir()
	s.archive(dir)
	mode := func(m os.FileMode) {
		if err := os.Chmod(dir, m); err != nil {
			t.Fatal(err)
		}
	}
	mode(0o555)
	t.Cleanup(func() { mode(0o755) })
	s.start()
	s.publishOver(*outage, s.trace.Part(0, 2))
	if acked := s.pubsub.Stats().Acked; acked > 0 {
		t.Errorf("%d messages were acknowledged without a row", acked)
	}
	s.logs("cannot write to the warehouse, trying again", filepath.Join(dir, "events"), "permission denied")
	mode(0o755)
	s.healed = time.Now()
	s.publish(s.trace.Part(1, 2))
	s.recover()
	s.archived(dir, s.trace.Events)
}
