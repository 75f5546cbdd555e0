package stock

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/beamlytics/streamlytics/test/truth"
)

// stream is a random history over many horizons, with events of any lateness, and the expected
// state of its record.
type stream struct {
	random   *rand.Rand
	limits   Limits
	record   *Record
	arrived  []arrival
	accepted []truth.Event
	newest   int64
	barrier  *truth.Event
}

// arrival is an event with the newest time of the key at its arrival.
type arrival struct {
	truth.Event
	newest int64
}

// TestStreamsOverManyHorizons compares accepted events with the oracle, and verdicts and memory
// with the horizon.
func TestStreamsOverManyHorizons(t *testing.T) {
	const shards = 8
	streams := 1_500
	if testing.Short() {
		streams = 150
	}
	for shard := range uint64(shards) {
		t.Run(fmt.Sprintf("shard=%d", shard), func(t *testing.T) {
			t.Parallel()
			for i := range uint64(streams / shards) {
				limits := []Limits{testLimits, strictLimits}[i%2]
				s := &stream{random: rand.New(rand.NewPCG(shard, i)), limits: limits, record: &Record{}, newest: t0}
				if err := s.run(); err != nil {
					t.Fatalf("stream %d of shard %d: %v\naccepted:%s", i, shard, err, listing(s.accepted))
				}
			}
		})
	}
}

func (s *stream) run() error {
	step := 1 + s.random.Int64N(200) // 5 to 1,000 events in a horizon
	lateness := []int64{0, testLimits.HorizonMs, 3 * testLimits.HorizonMs}[s.random.IntN(3)]
	resets := 1 + s.random.IntN(15)
	clock := t0
	for i := range 600 {
		clock += s.random.Int64N(step)
		e := truth.Event{ID: fmt.Sprint("e", i), Type: "SALE", Quantity: s.random.Int64N(9) - 2,
			OccurredAt: clock - s.random.Int64N(lateness+1)}
		switch kind := s.random.IntN(100); {
		case kind < resets:
			e.Type, e.Quantity = "RESET", s.random.Int64N(30)
		case kind < 30:
			e.Type, e.Quantity = "RECEIPT", s.random.Int64N(30)-5
		}
		if len(s.arrived) > 0 && s.random.IntN(10) == 0 {
			if err := s.repeat(s.arrived[s.random.IntN(len(s.arrived))]); err != nil {
				return fmt.Errorf("repetition before event %d: %w", i, err)
			}
		}
		if err := s.next(e); err != nil {
			return fmt.Errorf("event %d: %w", i, err)
		}
		if i%20 == 0 || i == 599 {
			if err := s.compare(); err != nil {
				return fmt.Errorf("after event %d: %w", i, err)
			}
		}
	}
	return nil
}

func (s *stream) next(e truth.Event) error {
	isReset := e.Type == "RESET"
	holds := isReset && (s.barrier == nil || e.OccurredAt > s.barrier.OccurredAt ||
		e.OccurredAt == s.barrier.OccurredAt && e.ID > s.barrier.ID)
	want := Accepted
	if old := len(s.accepted) > 0 && e.OccurredAt < s.newest-testLimits.HorizonMs; old && holds {
		want = ResetTooOld
	} else if old && s.wouldCount(e) && !s.limits.CountLate {
		want = TooLate
	}
	if got := s.record.Apply(moveOf(e), farNow, s.limits).Verdict; got != want {
		return fmt.Errorf("verdict %d of %+v, want %d", got, e, want)
	}
	if want != Accepted {
		return nil
	}
	if holds {
		s.barrier = &e
	}
	if len(s.accepted) == 0 {
		s.newest = e.OccurredAt
	}
	s.newest = max(s.newest, e.OccurredAt)
	s.accepted = append(s.accepted, e)
	s.arrived = append(s.arrived, arrival{Event: e, newest: s.newest})
	return nil
}

// wouldCount reports whether e is a delta that the barrier does not drop.
func (s *stream) wouldCount(e truth.Event) bool {
	return e.Type != "RESET" && (s.barrier == nil || e.OccurredAt >= s.barrier.OccurredAt)
}

// live reports whether the id of an event must be known: it is within the horizon, or within one of
// its arrival.
func (s *stream) live(a arrival) bool {
	floor := s.newest - testLimits.HorizonMs
	return a.OccurredAt >= floor || a.OccurredAt < a.newest-testLimits.HorizonMs && a.newest >= floor
}

func (s *stream) repeat(a arrival) error {
	want := Outcome{Verdict: Repeated}
	if !s.live(a) && !(s.barrier != nil && a.Event == *s.barrier) {
		if s.limits.CountLate || !s.wouldCount(a.Event) {
			return nil
		}
		want.Verdict = TooLate // not counted twice, although its id is gone
	}
	if out := s.record.Apply(moveOf(a.Event), farNow, s.limits); out != want {
		return fmt.Errorf("outcome %+v of %+v again, want %+v", out, a, want)
	}
	return nil
}

func (s *stream) compare() error {
	again, err := recode(s.record)
	if err != nil {
		return err
	}
	s.record = again
	if err := wantConsistent(s.record); err != nil {
		return err
	}
	live := 0
	for _, a := range s.arrived {
		if s.live(a) {
			live++
		}
	}
	if got := s.record.liveIDs(); got != live {
		return fmt.Errorf("%d live ids, want %d", got, live)
	}
	return wantTruth(s.record, s.accepted)
}

func TestMemoryIsBoundedByTheHorizon(t *testing.T) {
	var r Record
	const perHorizon = 1_000
	var most, encoded int
	for i := range int64(20 * perHorizon) {
		e := sale(fmt.Sprint(i), 1, t0+i*testLimits.HorizonMs/perHorizon)
		if i%100 == 0 {
			e = reset(e.ID, 50, e.OccurredAt-testLimits.HorizonMs/2)
		}
		if v := r.Apply(moveOf(e), farNow, testLimits).Verdict; v != Accepted {
			t.Fatalf("verdict %d of %+v", v, e)
		}
		if i == 2*perHorizon {
			most, encoded = r.Size(), len(r.AppendBinary(nil))
		}
		if i > 2*perHorizon && r.Size() > most+most/10 {
			t.Fatalf("%d bytes after %d events, %d after two horizons", r.Size(), i, most)
		}
	}
	if got := len(r.AppendBinary(nil)); got > encoded+encoded/10 {
		t.Errorf("%d bytes encoded, %d after two horizons", got, encoded)
	}
	if most > perHorizon*100 {
		t.Errorf("%d bytes for %d live entries", most, perHorizon)
	}
	// The memory of a key that was busy is released.
	apply(t, &r, moveOf(sale("last", 1, t0+1_000*testLimits.HorizonMs)), farNow, testLimits, Accepted)
	if r.moves.len() != 1 || r.ids != nil || r.Size() > 200 {
		t.Errorf("%d entries, %d bytes left", r.moves.len(), r.Size())
	}
}

func TestResetTooOld(t *testing.T) {
	h := testLimits.HorizonMs
	tests := []struct {
		name   string
		before []truth.Event
		reset  truth.Event
		want   Verdict
		onHand int64
	}{
		{"the first event of a key is never too old", nil, reset("r", 7, t0-100*h), Accepted, 7},
		{"at the horizon", []truth.Event{sale("a", 1, t0)}, reset("r", 7, t0-h), Accepted, 6},
		{"before the horizon", []truth.Event{sale("a", 1, t0)}, reset("r", 7, t0-h-1), ResetTooOld, -1},
		{"before the horizon, after the barrier", []truth.Event{reset("a", 3, t0-h-2), receipt("b", 1, t0)},
			reset("r", 7, t0-h-1), ResetTooOld, 4},
		{"superseded", []truth.Event{reset("a", 3, t0-h), sale("b", 1, t0)}, reset("r", 7, t0-h-1), Accepted, 2},
		{"superseded by its id", []truth.Event{reset("b", 3, t0-h-1), sale("c", 1, t0)}, reset("a", 7, t0-h-1),
			Accepted, 2},
		{"not superseded by its id", []truth.Event{reset("a", 3, t0-h-1), sale("c", 1, t0)}, reset("b", 7, t0-h-1),
			ResetTooOld, 2},
		{"repeated long after its id was folded", []truth.Event{reset("r", 7, t0-h-1), sale("b", 1, t0)},
			reset("r", 7, t0-h-1), Repeated, 6},
		{"its id used for another count at its time", []truth.Event{reset("r", 7, t0-h-1), sale("b", 1, t0)},
			reset("r", 8, t0-h-1), Reused, 6},
		{"views do not make a count old", []truth.Event{sale("a", 1, t0), view("v", 1, t0+h)}, reset("r", 7, t0-h),
			Accepted, 6},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var r Record
			for _, e := range tt.before {
				apply(t, &r, moveOf(e), farNow, testLimits, Accepted)
			}
			out := apply(t, &r, moveOf(tt.reset), farNow, testLimits, tt.want)
			again := tt.want // a refused event is refused again
			if tt.want == Accepted {
				again = Repeated
			} else if out != (Outcome{Verdict: tt.want}) {
				t.Errorf("outcome %+v", out)
			}
			if out := apply(t, &r, moveOf(tt.reset), farNow, testLimits, again); out != (Outcome{Verdict: again}) {
				t.Errorf("outcome %+v the second time", out)
			}
			if r.OnHand() != tt.onHand {
				t.Errorf("on-hand %d, want %d", r.OnHand(), tt.onHand)
			}
		})
	}
}

// TestLongerHorizon restarts with a longer horizon than the one that deltas were folded with.
func TestLongerHorizon(t *testing.T) {
	var r Record
	h := testLimits.HorizonMs
	apply(t, &r, moveOf(sale("a", 1, t0)), farNow, testLimits, Accepted)
	apply(t, &r, moveOf(receipt("b", 10, t0+2*h)), farNow, testLimits, Accepted)
	longer := testLimits
	longer.HorizonMs = 10 * h
	again, err := recode(&r)
	if err != nil {
		t.Fatal(err)
	}
	r = *again
	// Which of the folded deltas occurred at or after these is unknown.
	for _, ms := range []int64{t0 - 5*h, t0} {
		apply(t, &r, moveOf(reset("r", 50, ms)), farNow, longer, ResetTooOld)
	}
	// This one is newer than all folded deltas.
	apply(t, &r, moveOf(reset("r", 50, t0+1)), farNow, longer, Accepted)
	if r.OnHand() != 60 {
		t.Errorf("on-hand %d, want 60", r.OnHand())
	}
}
