package bigquery

import (
	"bytes"
	"context"
	"testing"
	"time"

	"github.com/beamlytics/streamlytics/sinks/rows"
	"github.com/beamlytics/streamlytics/test/fakes/fakebigquery"
)

// TestBigQueryMended: a write blocks while its table is missing or has another schema, and while
// its requests get no answer, which are given up and sent on another stream. It goes on by itself
// when that is mended.
func TestBigQueryMended(t *testing.T) {
	path := "projects/p/datasets/d/tables/events"
	schema := rows.Events.Schema()
	without := bytes.Replace(schema, []byte(`"name": "price"`), []byte(`"name": "cost"`), 1)
	hang := func(on bool) func(*fakebigquery.Server) error {
		return func(s *fakebigquery.Server) error {
			s.Inject(func(f *fakebigquery.Faults) { f.Hang = on })
			return nil
		}
	}
	create := func(schema []byte) func(*fakebigquery.Server) error {
		return func(s *fakebigquery.Server) error { return s.CreateTable(path, schema) }
	}
	for name, test := range map[string]struct {
		breakIt, mend func(*fakebigquery.Server) error
		copies        int // of a row, at most
	}{
		"table missing":  {func(s *fakebigquery.Server) error { s.DropTable(path); return nil }, create(schema), 1},
		"column missing": {create(without), create(schema), 1},
		"no answer":      {hang(true), hang(false), 2},
	} {
		t.Run(name, func(t *testing.T) {
			s := newStand(t)
			s.answerWithin = time.Second
			s.append(t, sales(0, 1)) // the stream is open
			if err := test.breakIt(s.server); err != nil {
				t.Fatal(err)
			}
			done := make(chan error, 1)
			go func() { done <- s.write(context.Background(), sales(1, 10)) }()
			deadline := time.After(patience)
			for s.retriesSoFar() == 0 {
				select {
				case err := <-done:
					t.Fatalf("the write returned %v", err)
				case <-deadline:
					t.Fatal("the write is not retried")
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
				if n := ids[id]; n < 1 || n > test.copies {
					t.Errorf("row %d is there %d times", id, n)
				}
			}
			if len(s.letters) > 0 {
				t.Errorf("rows became dead letters: %+v", s.letters)
			}
		})
	}
}
