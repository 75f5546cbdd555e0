package sinks

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"pgregory.net/rapid"

	"github.com/beamlytics/streamlytics/event"
	"github.com/beamlytics/streamlytics/test/fakes/fakebigquery"
)

const patience = 60 * time.Second

// bigQueryStand is a fake service, a sink on it, and what the sink has given away.
type bigQueryStand struct {
	*BigQuery
	server *fakebigquery.Server

	mu      sync.Mutex
	letters []event.DeadLetter
	tables  []Table // of the letters
	stored  int64
	refused int64
	retries int64
}

func newBigQueryStand(t testing.TB, answerWithin time.Duration) *bigQueryStand {
	t.Helper()
	server := fakebigquery.StartWithTables(t, "p", "d", "schema")
	s := &bigQueryStand{server: server}
	c := BigQueryConfig{Project: "p", Dataset: "d", Emulator: server.Addr(), AnswerWithin: answerWithin}
	count := func(n *int64, by int64) {
		s.mu.Lock()
		defer s.mu.Unlock()
		*n += by
	}
	b, err := OpenBigQuery(c, func(_ context.Context, table Table, letters []event.DeadLetter) error {
		s.mu.Lock()
		defer s.mu.Unlock()
		for _, l := range letters {
			s.letters, s.tables = append(s.letters, l), append(s.tables, table)
		}
		return nil
	}, BigQueryStats{
		Rows:    func(_ context.Context, n int64) { count(&s.stored, n) },
		Refused: func(context.Context, event.Reason) { count(&s.refused, 1) },
		Retries: func(context.Context) { count(&s.retries, 1) },
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := b.Close(); err != nil {
			t.Error(err)
		}
	})
	s.BigQuery = b
	return s
}

// sales are rows of TableEvents with the ids first, first+1, ...
func sales(first, n int) (rows [][]byte) {
	for i := range n {
		r := protoRow(nil, TableEvents)
		r.event(&event.UnifiedInventoryEvent{
			ID: strconv.Itoa(first + i), Type: event.Sale, StoreID: "1", ProductID: "p", Quantity: 1, OccurredAt: 1_790_000_000_000, Source: event.POS,
			Price: "19.990000000000002", Item: 2, Message: &event.Message{ID: "m1", PublishedAt: 1_790_000_000_200},
		}, 1_790_000_000_456)
		rows = append(rows, r.end())
	}
	return rows
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
func (s *bigQueryStand) storedIDs() map[int]int {
	ids := map[int]int{}
	for _, row := range s.server.Rows("projects/p/datasets/d/tables/events") {
		ids[idOf(row)]++
	}
	return ids
}

func (s *bigQueryStand) append(t testing.TB, rows [][]byte) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := s.Append(ctx, TableEvents, rows); err != nil {
		t.Fatal(err)
	}
}

// TestBigQueryFaults: through each fault a write comes to its end by itself, and every row is there, once where the fault is such
// that nobody can have stored it twice.
func TestBigQueryFaults(t *testing.T) {
	for name, test := range map[string]struct {
		fault      func(*fakebigquery.Faults)
		retries    int64
		duplicates bool
	}{
		"internal error":                 {fault: func(f *fakebigquery.Faults) { f.FailAppends = 3 }, retries: 3},
		"unavailable":                    {fault: func(f *fakebigquery.Faults) { f.FailAppends, f.Code = 2, codes.Unavailable }, retries: 2},
		"aborted":                        {fault: func(f *fakebigquery.Faults) { f.FailAppends, f.Code = 2, codes.Aborted }, retries: 2},
		"over quota":                     {fault: func(f *fakebigquery.Faults) { f.FailAppends, f.Code = 2, codes.ResourceExhausted }, retries: 2},
		"stored already":                 {fault: func(f *fakebigquery.Faults) { f.AlreadyExist = 1 }},
		"connection lost before storing": {fault: func(f *fakebigquery.Faults) { f.BreakBefore = 2 }, retries: 2},
		"connection lost after storing":  {fault: func(f *fakebigquery.Faults) { f.BreakAfter = 1 }, retries: 1, duplicates: true},
		"slow answers":                   {fault: func(f *fakebigquery.Faults) { f.Delay = 200 * time.Millisecond }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newBigQueryStand(t, 0)
			s.append(t, sales(0, 1)) // the stream is open
			s.server.Inject(test.fault)
			s.append(t, sales(1, 99))
			want := 1
			if test.duplicates {
				want = 2
			}
			ids := s.storedIDs()
			for id := 1; id < 100; id++ {
				if ids[id] != want {
					t.Fatalf("row %d is there %d times, want %d", id, ids[id], want)
				}
			}
			if s.retries != test.retries || s.stored != 100 || s.refused != 0 || len(s.letters) != 0 {
				t.Errorf("%d retries, %d stored, %d refused", s.retries, s.stored, s.refused)
			}
		})
	}
}

// TestBigQueryMendedByAPerson: what no repetition mends blocks, says what to do as an error, and goes on by itself when it is done.
func TestBigQueryMendedByAPerson(t *testing.T) {
	path := "projects/p/datasets/d/tables/events"
	schema, err := schemaFiles.ReadFile("schema/events.json")
	if err != nil {
		t.Fatal(err)
	}
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
			s := newBigQueryStand(t, 0)
			s.append(t, sales(0, 1))
			if err := test.breakIt(s.server); err != nil {
				t.Fatal(err)
			}
			done := make(chan error, 1)
			go func() { done <- s.Append(context.Background(), TableEvents, sales(1, 10)) }()
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

// TestBigQueryHangs: a service that does not answer is asked again on another stream.
func TestBigQueryHangs(t *testing.T) {
	s := newBigQueryStand(t, 300*time.Millisecond)
	s.append(t, sales(0, 1))
	s.server.Inject(func(f *fakebigquery.Faults) { f.Hang = true })
	done := make(chan error, 1)
	go func() { done <- s.Append(context.Background(), TableEvents, sales(1, 10)) }()
	deadline := time.Now().Add(patience)
	for s.retriesSoFar() == 0 {
		if time.Now().After(deadline) {
			t.Fatal("the request is not given up")
		}
		time.Sleep(10 * time.Millisecond)
	}
	s.server.Inject(func(f *fakebigquery.Faults) { f.Hang = false })
	select {
	case err := <-done:
		if err != nil {
			t.Fatal(err)
		}
	case <-time.After(patience):
		t.Fatal("the write does not end")
	}
	ids := s.storedIDs()
	for id := 1; id <= 10; id++ {
		if ids[id] < 1 {
			t.Errorf("row %d is not there", id)
		}
	}
}

func (s *bigQueryStand) retriesSoFar() int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.retries
}

// TestBigQueryRefusedRow: the letter of a refused event has what is needed to repair and to replay it.
func TestBigQueryRefusedRow(t *testing.T) {
	s := newBigQueryStand(t, 0)
	s.server.Inject(func(f *fakebigquery.Faults) {
		f.RefuseRow = func(_ string, row []byte) string {
			if idOf(row) == 3 {
				return "Field price: out of range"
			}
			return ""
		}
	})
	s.append(t, sales(0, 5))
	if len(s.letters) != 1 {
		t.Fatalf("%d letters, want one", len(s.letters))
	}
	l, m := s.letters[0], s.letters[0].Message
	if l.Reason != event.BadField || l.Stage != event.StageWarehouse || l.Item != 2 || l.Detail != "BigQuery refused a row of table events: Field price: out of range" ||
		m.Channel != event.POS || m.ID != "m1" || m.PublishedAt != 1_790_000_000_200 || l.FailedAt == 0 {
		t.Errorf("letter %+v of %+v", l, m)
	}
	var decoder event.Decoder
	var out event.Decoded
	decoder.Decode(&event.Message{Channel: event.POS, Format: event.FormatPOS, Data: m.Data}, time.Now().UnixMilli(), true, &out)
	if len(out.Events) != 1 || len(out.Refusals) != 0 {
		t.Fatalf("the payload %s comes to %+v", m.Data, out)
	}
	if e := out.Events[0]; e.ID != "3" || e.Type != event.Sale || e.StoreID != "1" || e.ProductID != "p" || e.Quantity != 1 || e.OccurredAt != 1_790_000_000_000 {
		t.Errorf("the payload is the event %+v", e)
	}
	if s.refused != 1 || s.stored != 4 || s.retries != 0 {
		t.Errorf("%d refused, %d stored, %d retries", s.refused, s.stored, s.retries)
	}
}

// TestBigQueryRefusedRequest: a row that makes its request invalid, without being named, is found.
func TestBigQueryRefusedRequest(t *testing.T) {
	s := newBigQueryStand(t, 0)
	s.server.Inject(func(f *fakebigquery.Faults) {
		f.RefuseRequest = func(_ string, row []byte) bool { return idOf(row)%40 == 7 }
	})
	s.append(t, sales(0, 100))
	ids := s.storedIDs()
	var refused []int
	for _, l := range s.letters {
		refused = append(refused, idOf(l.Message.Data))
	}
	slices.Sort(refused)
	if !slices.Equal(refused, []int{7, 47, 87}) || len(ids) != 97 {
		t.Errorf("refused %v, %d rows stored", refused, len(ids))
	}
}

// TestBigQueryLargeRow: a row over the limit is not sent at all, and does not keep others back.
func TestBigQueryLargeRow(t *testing.T) {
	s := newBigQueryStand(t, 0)
	large := protoRow(nil, TableEvents)
	large.event(&event.UnifiedInventoryEvent{ID: "2", Type: event.Sale, StoreID: "1", ProductID: strings.Repeat("p", maxRequestBytes), Source: event.WMS, Item: event.NoItem}, 0)
	rows := slices.Concat(sales(0, 2), [][]byte{large.end()}, sales(3, 2))
	s.append(t, rows)
	ids := s.storedIDs()
	if len(ids) != 4 || len(s.letters) != 1 || s.letters[0].Reason != event.TooLarge || idOf(s.letters[0].Message.Data) != 2 {
		t.Errorf("stored %v, %d letters", ids, len(s.letters))
	}
}

// TestBigQuerySignalRow: a refused row that is no event says so, and has no channel.
func TestBigQuerySignalRow(t *testing.T) {
	s := newBigQueryStand(t, 0)
	s.server.Inject(func(f *fakebigquery.Faults) { f.RefuseRow = func(string, []byte) string { return "no" } })
	rapid.Check(t, func(rt *rapid.T) {
		s.mu.Lock()
		s.letters = nil
		s.mu.Unlock()
		table, _, message := anyRow(rt)
		if err := s.Append(context.Background(), table, [][]byte{message}); err != nil {
			rt.Fatal(err)
		}
		if len(s.letters) != 1 || !json.Valid(s.letters[0].Message.Data) {
			rt.Fatalf("letters %+v", s.letters)
		}
		if got := s.letters[0].Message.Channel.String(); table != TableEvents && got != "UNKNOWN" {
			rt.Fatalf("a row of %s is from %s", table, got)
		}
	})
}

func TestCutRequest(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		sizes := rapid.SliceOfN(rapid.SampledFrom([]int{0, 10, 1 << 20, maxRequestBytes / 2, maxRequestBytes - rowOverhead, maxRequestBytes}), 1, 40).Draw(t, "sizes")
		block := make([]byte, maxRequestBytes)
		var rows [][]byte
		for _, n := range sizes {
			rows = append(rows, block[:n])
		}
		total := 0
		for rest := rows; len(rest) > 0; {
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
		if total != len(rows) {
			t.Fatalf("%d of %d rows", total, len(rows))
		}
	})
	if request, rest := cutRequest(make([][]byte, maxRequestRows+1)); len(request) != maxRequestRows || len(rest) != 1 {
		t.Errorf("%d and %d rows", len(request), len(rest))
	}
}

// TestBigQueryClosed: writes under way and later ones end.
func TestBigQueryClosed(t *testing.T) {
	s := newBigQueryStand(t, 0)
	s.append(t, sales(0, 1))
	s.server.Inject(func(f *fakebigquery.Faults) { f.Hang = true })
	requests := s.server.Requests()
	done := make(chan error, 1)
	go func() { done <- s.Append(context.Background(), TableEvents, sales(1, 1)) }()
	for deadline := time.Now().Add(patience); s.server.Requests() == requests; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("the request does not come")
		}
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	select {
	case err := <-done:
		if !errors.Is(err, ErrClosed) {
			t.Errorf("a write under way ended with %v", err)
		}
	case <-time.After(patience):
		t.Fatal("a write under way does not end")
	}
	if err := s.Append(context.Background(), TableEvents, sales(2, 1)); !errors.Is(err, ErrClosed) {
		t.Errorf("a later write ended with %v", err)
	}
	if err := s.Append(context.Background(), "nothing", sales(2, 1)); err == nil || !strings.Contains(err.Error(), "nothing") {
		t.Errorf("an unknown table: %v", err)
	}
}

// TestBigQueryLosesNothing: whatever goes wrong, and with whichever rows, each good row is stored at least once and
// each bad row is a dead letter exactly once.
func TestBigQueryLosesNothing(t *testing.T) {
	t.Parallel() // it waits for connections to come back, two minutes in all
	s := newBigQueryStand(t, 0)
	next := 0
	rapid.Check(t, func(rt *rapid.T) {
		first := next
		type write struct{ first, n int }
		var writes []write
		bad := map[int]bool{}
		for range rapid.IntRange(1, 6).Draw(rt, "writers") {
			n := rapid.IntRange(1, 60).Draw(rt, "rows")
			writes = append(writes, write{next, n})
			for id := next; id < next+n; id++ {
				if rapid.IntRange(0, 9).Draw(rt, "bad") == 0 {
					bad[id] = true
				}
			}
			next += n
		}
		unnamed := rapid.Bool().Draw(rt, "unnamed")
		s.server.Inject(func(f *fakebigquery.Faults) {
			*f = fakebigquery.Faults{
				FailAppends: rapid.IntRange(0, 1).Draw(rt, "fail"), BreakBefore: rapid.IntRange(0, 1).Draw(rt, "break before"),
				BreakAfter: rapid.IntRange(0, 1).Draw(rt, "break after"), AlreadyExist: rapid.IntRange(0, 1).Draw(rt, "already"),
				Code: rapid.SampledFrom([]codes.Code{codes.Internal, codes.Unavailable, codes.Aborted}).Draw(rt, "code"),
			}
			if unnamed {
				f.RefuseRequest = func(_ string, row []byte) bool { return bad[idOf(row)] }
			} else {
				f.RefuseRow = func(_ string, row []byte) string {
					if bad[idOf(row)] {
						return "bad"
					}
					return ""
				}
			}
		})
		s.mu.Lock()
		s.letters = nil
		s.mu.Unlock()
		var writers sync.WaitGroup
		errs := make([]error, len(writes))
		for i, w := range writes {
			writers.Go(func() { errs[i] = s.Append(context.Background(), TableEvents, sales(w.first, w.n)) })
		}
		writers.Wait()
		if err := errors.Join(errs...); err != nil {
			rt.Fatal(err)
		}
		stored, letters := s.storedIDs(), map[int]int{}
		for _, l := range s.letters {
			letters[idOf(l.Message.Data)]++
		}
		for id := first; id < next; id++ {
			if good := !bad[id]; good && (stored[id] == 0 || letters[id] != 0) || !good && (stored[id] != 0 || letters[id] != 1) {
				rt.Fatalf("row %d (bad: %v) is stored %d times, and %d times a dead letter", id, bad[id], stored[id], letters[id])
			}
		}
	})
}

func BenchmarkBigQuery(b *testing.B) {
	s := newBigQueryStand(b, 0)
	const n = 5000
	rows := sales(0, n)
	s.append(b, rows[:1])
	for b.Loop() {
		s.append(b, rows)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/n, "ns/row")
	b.ReportMetric(float64(b.N)*n/b.Elapsed().Seconds(), "rows/s")
}

// TestCheckBigQuery names everything that is wrong with the tables, in one error.
func TestCheckBigQuery(t *testing.T) {
	server := fakebigquery.StartWithTables(t, "p", "d", "schema")
	c := BigQueryConfig{Project: "p", Dataset: "d", Emulator: server.Addr()}
	check := func() error {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		return CheckBigQuery(ctx, c)
	}
	if err := check(); err != nil {
		t.Fatal(err)
	}
	server.DropTable(c.path(TableDeadLetters))
	alter := func(table Table, from, to string) {
		t.Helper()
		schema, err := schemaFiles.ReadFile("schema/" + string(table) + ".json")
		if err != nil {
			t.Fatal(err)
		}
		changed := bytes.Replace(schema, []byte(from), []byte(to), 1)
		if bytes.Equal(changed, schema) {
			t.Fatalf("no %s in the schema of %s", from, table)
		}
		if err := server.CreateTable(c.path(table), changed); err != nil {
			t.Fatal(err)
		}
	}
	alter(TableEvents, `"name": "price", "type": "NUMERIC"`, `"name": "price", "type": "FLOAT64"`)
	alter(TableStockChanges, `"name": "barrier", "type": "TIMESTAMP", "mode": "NULLABLE"`, `"name": "barrier", "type": "TIMESTAMP", "mode": "REQUIRED"`)
	alter(TableBadgeChanges, `"name": "score", "type": "INT64", "mode": "NULLABLE"`, `"name": "points", "type": "INT64", "mode": "REQUIRED"`)
	alter(TableVelocitySignals, `"name": "window"`, `"name": "WINDOW"`) // columns' names have no case
	err := check()
	if err == nil {
		t.Fatal("nothing is found")
	}
	for _, want := range []string{
		"tables/dead_letters: ", "NotFound", "tables/events: column price is DOUBLE, not NUMERIC", "tables/stock_changes: column barrier is REQUIRED",
		"tables/badge_changes: column score is missing", "tables/badge_changes: column points is REQUIRED", "sql/tables.sql",
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("the error does not say %q:\n%v", want, err)
		}
	}
	if strings.Contains(err.Error(), "velocity_signals") {
		t.Errorf("a table without a fault is named:\n%v", err)
	}
	server.Inject(func(f *fakebigquery.Faults) { f.Deny = codes.PermissionDenied })
	if err := check(); err == nil || !strings.Contains(err.Error(), "bigquery.tables.get") {
		t.Errorf("without rights: %v", err)
	}
	server.Stop()
	if err := check(); err == nil || !strings.Contains(fmt.Sprint(err), "projects/p/datasets/d/tables/events") {
		t.Errorf("without a service: %v", err)
	}
}

// TestDeadLetterMessage: a letter that is too large for a row of BigQuery goes without its text, or cut, and says so.
func TestDeadLetterMessage(t *testing.T) {
	const limit = 4000
	for _, n := range []int{0, 1000, 1800, 2500, 3700, 3900, 4000, 4100, 100_000} {
		data := bytes.Repeat([]byte("a"), n)
		l := event.DeadLetter{
			Refusal: event.Refusal{Reason: event.TooLarge, Detail: "the message has too many bytes", Item: event.NoItem}, Stage: event.StageDecode,
			Message: &event.Message{Channel: event.WMS, Data: data, ID: "m", Attributes: map[string]string{"a": "b"}}, FailedAt: 1_790_000_000_456,
		}
		message := deadLetterMessage(l, limit)
		if len(message) > limit {
			t.Errorf("the row of a letter of %d bytes has %d", n, len(message))
		}
		line, err := rowAsJSON(TableDeadLetters, message)
		if err != nil {
			t.Fatal(err)
		}
		var got DeadLetterRecord
		if err := json.Unmarshal(line, &got); err != nil {
			t.Fatal(err)
		}
		if !bytes.HasPrefix(data, got.Raw) || got.MessageID == nil || got.Attributes["a"] != "b" {
			t.Errorf("%d bytes became %s", n, line)
		}
		note := fmt.Sprintf("only the first %d of %d bytes are kept here", len(got.Raw), n)
		if cut := len(got.Raw) < n; cut != strings.Contains(got.Detail, note) || cut != (n > 3900) || cut && len(got.Raw) < limit-400 {
			t.Errorf("%d bytes: %d are kept, detail %q", n, len(got.Raw), got.Detail)
		}
		if whole := got.Text != nil; whole != (n < 1900) {
			t.Errorf("%d bytes: text is there: %v", n, whole)
		}
		if len(l.Message.Data) != n || l.Detail != "the message has too many bytes" {
			t.Error("the letter itself was changed")
		}
	}
}
