package bigquery

import (
	"bytes"
	"context"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"google.golang.org/grpc/codes"

	"github.com/beamlytics/streamlytics/sinks/rows"
	"github.com/beamlytics/streamlytics/test/fakes/fakebigquery"
)

// TestBigQueryMendedByAPerson: what no repetition mends blocks, says what to do as an error, and
// goes on by itself when it is done.
func TestBigQueryMendedByAPerson(t *testing.T) {
	path := "projects/p/datasets/d/tables/events"
	schema := rows.Events.Schema()
	without := bytes.Replace(schema, []byte(`"name": "price"`), []byte(`"name": "cost"`), 1)
	for name, test := range map[string]struct {
		breakIt, mend func(*fakebigquery.Server) error
		says          string
	}{
		"table missing": {
			func(s *fakebigquery.Server) error { s.DropTable(path); return nil },
			func(s *fakebigquery.Server) error { return s.CreateTable(path, schema) },
			"sql/tables.sql",
		},
		"permission denied": {
			func(s *fakebigquery.Server) error {
				s.Inject(func(f *fakebigquery.Faults) { f.Deny = codes.PermissionDenied })
				return nil
			},
			func(s *fakebigquery.Server) error {
				s.Inject(func(f *fakebigquery.Faults) { f.Deny = codes.OK })
				return nil
			},
			"bigquery.tables.updateData",
		},
		"column missing": {
			func(s *fakebigquery.Server) error { return s.CreateTable(path, without) },
			func(s *fakebigquery.Server) error { return s.CreateTable(path, schema) },
			"price",
		},
	} {
		t.Run(name, func(t *testing.T) {
			log := logged(t)
			s := newStand(t)
			s.append(t, sales(0, 1))
			if err := test.breakIt(s.server); err != nil {
				t.Fatal(err)
			}
			done := make(chan error, 1)
			go func() { done <- s.write(context.Background(), sales(1, 10)) }()
			deadline := time.After(patience)
			for !strings.Contains(log(), "level=ERROR") || !strings.Contains(log(), test.says) {
				select {
				case err := <-done:
					t.Fatalf("the write returned %v", err)
				case <-deadline:
					t.Fatalf("the log does not say %q: %s", test.says, log())
				case <-time.After(10 * time.Millisecond):
				}
			}
			if err := test.mend(s.server); err != nil {
				t.Fatal(err)
			}
			select {
			case err := <-done:
				if err != nil {
					t.Fatal(err)
				}
			case <-time.After(patience):
				t.Fatal("the write does not go on")
			}
			ids := s.storedIDs()
			for id := 1; id <= 10; id++ {
				if ids[id] != 1 {
					t.Errorf("row %d is there %d times", id, ids[id])
				}
			}
			if len(s.letters) > 0 {
				t.Errorf("rows became dead letters: %+v", s.letters)
			}
		})
	}
}

// logged returns what is logged from here on.
func logged(t *testing.T) func() string {
	t.Helper()
	var mu sync.Mutex
	var text bytes.Buffer
	before := slog.Default()
	slog.SetDefault(slog.New(slog.NewTextHandler(writerFunc(func(b []byte) (int, error) {
		mu.Lock()
		defer mu.Unlock()
		return text.Write(b)
	}), nil)))
	t.Cleanup(func() { slog.SetDefault(before) })
	return func() string {
		mu.Lock()
		defer mu.Unlock()
		return text.String()
	}
}

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(b []byte) (int, error) { return f(b) }
