package bigquery

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"pgregory.net/rapid"

	"github.com/beamlytics/streamlytics/event"
	"github.com/beamlytics/streamlytics/internal/clock"
	"github.com/beamlytics/streamlytics/signal"
	"github.com/beamlytics/streamlytics/sinks/rows"
	"github.com/beamlytics/streamlytics/test/fakes/fakebigquery"
)

// TestBigQueryRefusedRow: the letter of a refused event has what is needed to repair and to replay
// it.
func TestBigQueryRefusedRow(t *testing.T) {
	s := newStand(t)
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
	if l.Reason != event.BadField || l.Stage != event.StageWarehouse || l.Item != 2 ||
		l.Detail != "BigQuery refused a row of table events: Field price: out of range" ||
		m.Channel != event.POS || m.ID != "m1" || m.PublishedAt != 1_790_000_000_200 || l.FailedAt == 0 {
		t.Errorf("letter %+v of %+v", l, m)
	}
	var decoder event.Decoder
	var out event.Decoded
	decoder.Decode(&event.Message{Channel: event.POS, Format: event.FormatPOS, Data: m.Data}, time.Now().UnixMilli(),
		true, &out)
	if len(out.Events) != 1 || len(out.Refusals) != 0 {
		t.Fatalf("the payload %s comes to %+v", m.Data, out)
	}
	if e := out.Events[0]; e.ID != "3" || e.Type != event.Sale || e.StoreID != "1" || e.ProductID != "p" ||
		e.Quantity != 1 || e.OccurredAt != 1_790_000_000_000 {
		t.Errorf("the payload is the event %+v", e)
	}
	if s.stored != 4 || s.retries != 0 {
		t.Errorf("%d stored, %d retries", s.stored, s.retries)
	}
}

// TestBigQueryLargeRow: a row over the limit is not sent at all, and does not keep others back.
func TestBigQueryLargeRow(t *testing.T) {
	s := newStand(t)
	b := sales(0, 2)
	b.Event(&event.UnifiedInventoryEvent{
		ID: "2", Type: event.Sale, StoreID: "1", ProductID: strings.Repeat("p", maxRequestBytes), Source: event.WMS,
		Item: event.NoItem,
	}, 0)
	addSales(b, 3, 2)
	s.append(t, b)
	ids := s.storedIDs()
	if len(ids) != 4 || len(s.letters) != 1 || s.letters[0].Reason != event.TooLarge ||
		idOf(s.letters[0].Message.Data) != 2 {
		t.Errorf("stored %v, %d letters", ids, len(s.letters))
	}
}

// TestBigQueryRefusesEachTable: a refused row of any table is named with its table and is JSON. One
// that is no event has no channel.
func TestBigQueryRefusesEachTable(t *testing.T) {
	s := newStand(t)
	s.server.Inject(func(f *fakebigquery.Faults) { f.RefuseRow = func(string, []byte) string { return "no" } })
	b := sales(0, 1)
	b.Stock(&signal.Stock{ProductID: "p"})
	b.Velocity(&signal.Velocity{ProductID: "p"})
	b.Badge(&signal.BadgeChange{ProductID: "p"}, clock.Clock{})
	b.DeadLetter(event.DeadLetter{Message: &event.Message{Channel: event.POS}})
	refused, err := s.Write(t.Context(), b)
	if err != nil || len(refused) != len(rows.Tables) {
		t.Fatalf("%d rows are refused, error %v", len(refused), err)
	}
	for _, r := range refused {
		channel := r.Letter.Message.Channel.String()
		if !json.Valid(r.Letter.Message.Data) || (channel == "POS") != (r.Table == rows.Events) {
			t.Errorf("the refused row of %s is %s from %s", r.Table, r.Letter.Message.Data, channel)
		}
	}
}

// TestBigQueryLosesNothing: whatever goes wrong, and with whichever rows, each good row is stored
// at least once and each bad row is a dead letter exactly once.
func TestBigQueryLosesNothing(t *testing.T) {
	t.Parallel() // it waits for connections to come back, two minutes in all
	s := newStand(t)
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
				FailAppends:  rapid.IntRange(0, 1).Draw(rt, "fail"),
				BreakBefore:  rapid.IntRange(0, 1).Draw(rt, "break before"),
				BreakAfter:   rapid.IntRange(0, 1).Draw(rt, "break after"),
				AlreadyExist: rapid.IntRange(0, 1).Draw(rt, "already"),
				Code: rapid.SampledFrom([]codes.Code{codes.Internal, codes.Unavailable,
					codes.Aborted}).Draw(rt, "code"),
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
			writers.Go(func() { errs[i] = s.write(context.Background(), sales(w.first, w.n)) })
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
			if good := !bad[id]; good && (stored[id] == 0 || letters[id] != 0) || !good &&
				(stored[id] != 0 || letters[id] != 1) {
				rt.Fatalf("row %d (bad: %v) is stored %d times, and %d times a dead letter", id,
					bad[id], stored[id], letters[id])
			}
		}
	})
}
