package bigquery

import (
	"context"
	"encoding/json"
	"strconv"
	"sync"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"pgregory.net/rapid"

	"github.com/beamlytics/streamlytics/event"
	"github.com/beamlytics/streamlytics/sinks/rows"
	"github.com/beamlytics/streamlytics/test/fakes/fakebigquery"
)

const patience = 60 * time.Second

// stand is a fake service, a sink on it, and what the sink has refused.
type stand struct {
	*Sink
	server *fakebigquery.Server

	mu      sync.Mutex
	letters []event.DeadLetter
	stored  int64
	retries int64
}

func newStand(t testing.TB) *stand {
	t.Helper()
	server := fakebigquery.StartWithTables(t, "p", "d", "../rows/schema")
	s := &stand{server: server}
	c := Config{Project: "p", Dataset: "d", Emulator: server.Addr()}
	count := func(n *int64, by int64) {
		s.mu.Lock()
		defer s.mu.Unlock()
		*n += by
	}
	sink, err := Open(c, Stats{
		Rows:    func(_ context.Context, n int64) { count(&s.stored, n) },
		Retries: func(context.Context) { count(&s.retries, 1) },
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := sink.Close(); err != nil {
			t.Error(err)
		}
	})
	s.Sink = sink
	return s
}

// sales returns rows of events with the ids first, first+1, ...
func sales(first, n int) *rows.Batch {
	b := rows.NewMessages(maxRequestBytes - rowOverhead)
	addSales(b, first, n)
	return b
}

func addSales(b *rows.Batch, first, n int) {
	for i := range n {
		b.Event(&event.UnifiedInventoryEvent{
			ID: strconv.Itoa(first + i), Type: event.Sale, StoreID: "1", ProductID: "p", Quantity: 1,
			OccurredAt: 1_790_000_000_000, Source: event.POS, Price: "19.990000000000002", Item: 2,
			Message: &event.Message{ID: "m1", PublishedAt: 1_790_000_000_200},
		}, 1_790_000_000_456)
	}
}

func idOf(row []byte) int {
	var e struct {
		ID string `json:"event_id"`
	}
	if json.Unmarshal(row, &e) != nil {
		return -1
	}
	id, err := strconv.Atoi(e.ID)
	if err != nil {
		return -1
	}
	return id
}

// storedIDs counts the rows of each id that the service has.
func (s *stand) storedIDs() map[int]int {
	ids := map[int]int{}
	for _, row := range s.server.Rows("projects/p/datasets/d/tables/events") {
		ids[idOf(row)]++
	}
	return ids
}

func (s *stand) append(t testing.TB, b *rows.Batch) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := s.write(ctx, b); err != nil {
		t.Fatal(err)
	}
}

// write writes a batch and collects the letters of refused rows.
func (s *stand) write(ctx context.Context, b *rows.Batch) error {
	refused, err := s.Write(ctx, b)
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, r := range refused {
		s.letters = append(s.letters, r.Letter)
	}
	return err
}

// TestBigQueryFaults: through each fault a write completes by itself, and every row is there, once
// unless its request was stored and not answered.
func TestBigQueryFaults(t *testing.T) {
	for name, test := range map[string]struct {
		fault   fakebigquery.Faults
		retries int64
		copies  int
	}{
		"internal error": {fakebigquery.Faults{FailAppends: 3}, 3, 1},
		"over quota":     {fakebigquery.Faults{FailAppends: 2, Code: codes.ResourceExhausted}, 2, 1},
		"stored already": {fakebigquery.Faults{AlreadyExist: 1}, 0, 1},
		"lost before":    {fakebigquery.Faults{BreakBefore: 2}, 2, 1},
		"lost after":     {fakebigquery.Faults{BreakAfter: 1}, 1, 2},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStand(t)
			s.append(t, sales(0, 1)) // the stream is open
			s.server.Inject(func(f *fakebigquery.Faults) { *f = test.fault })
			s.append(t, sales(1, 99))
			ids := s.storedIDs()
			for id := 1; id < 100; id++ {
				if ids[id] != test.copies {
					t.Fatalf("row %d is there %d times, want %d", id, ids[id], test.copies)
				}
			}
			if s.retries != test.retries || s.stored != 100 || len(s.letters) != 0 {
				t.Errorf("%d retries, %d stored, %d refused", s.retries, s.stored, len(s.letters))
			}
		})
	}
}

func (s *stand) retriesSoFar() int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.retries
}

func TestCutRequest(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		sizes := rapid.SliceOfN(rapid.SampledFrom([]int{0, 10, 1 << 20, maxRequestBytes / 2,
			maxRequestBytes - rowOverhead,
			maxRequestBytes}), 1, 40).Draw(t, "sizes")
		block := make([]byte, maxRequestBytes)
		var all [][]byte
		for _, n := range sizes {
			all = append(all, block[:n])
		}
		total := 0
		for rest := all; len(rest) > 0; {
			request, after := cutRequest(rest)
			size := 0
			for _, r := range request {
				size += len(r) + rowOverhead
			}
			if len(request) == 0 || len(request) > 1 && size > maxRequestBytes {
				t.Fatalf("a request of %d rows and %d bytes", len(request), size)
			}
			total += len(request)
			rest = after
		}
		if total != len(all) {
			t.Fatalf("%d of %d rows", total, len(all))
		}
	})
	if request, rest := cutRequest(make([][]byte, maxRequestRows+1)); len(request) != maxRequestRows || len(rest) != 1 {
		t.Errorf("%d and %d rows", len(request), len(rest))
	}
}

func BenchmarkBigQuery(b *testing.B) {
	s := newStand(b)
	const n = 5000
	s.append(b, sales(0, 1))
	batch := sales(0, n)
	for b.Loop() {
		s.append(b, batch)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/n, "ns/row")
	b.ReportMetric(float64(b.N)*n/b.Elapsed().Seconds(), "rows/s")
}
