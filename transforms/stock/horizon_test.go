package stock

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/beamlytics/streamlytics/test/racetest"
	"github.com/beamlytics/streamlytics/test/truth"
)

// stream is a random history over many horizons, with events of any lateness, and what a record must have made of it.
type stream struct {
	random   *rand.Rand
	limits   Limits
	record   *Record
	arrived  []arrival
	accepted []truth.Event
	newest   int64
	barrier  *truth.Event
}

// arrival is an event with the key's newest when it arrived.
type arrival struct {
	truth.Event
	newest int64
}

// TestStreamsOverManyHorizons holds what is accepted against the oracle, and verdicts and memory against the horizon.
func TestStreamsOverManyHorizons(t *testing.T) {
	const shards = 8
	streams := 1_500
	if racetest.Enabled {
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
	step := 1 + s.random.Int64N(200) // five events in a horizon to a thousand
	lateness := []int64{0, testLimits.HorizonMs, 3 * testLimits.HorizonMs}[s.random.IntN(3)]
	resets := 1 + s.random.IntN(15)
	clock := t0
	for i := range 600 {
		clock += s.random.Int64N(step)
		e := truth.Event{ID: fmt.Sprint("e", i), Type: "SALE", Quantity: s.random.Int64N(9) - 2, OccurredAt: clock - s.random.Int64N(lateness+1)}
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
	holds := isReset && (s.barrier == nil || e.OccurredAt > s.barrier.OccurredAt || e.OccurredAt == s.barrier.OccurredAt && e.ID > s.barrier.ID)
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

// wouldCount reports whether an event is a delta that the barrier does not drop.
func (s *stream) wouldCount(e truth.Event) bool {
	return e.Type != "RESET" && (s.barrier == nil || e.OccurredAt >= s.barrier.OccurredAt)
}

// live reports whether the id of an event must still be known: within the horizon, or within one of its arrival.
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
		want.Verdict = TooLate // not counted twice, though its id is forgotten
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
	if err := wantSound(s.record); err != nil {
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
	// A key that was busy once lets go of all of it.
	apply(t, &r, moveOf(sale("last", 1, t0+1_000*testLimits.HorizonMs)), farNow, testLimits, Accepted)
	if r.moves.len() != 1 || r.ids != nil || r.Size() > 200 {
		t.Errorf("%d entries, %d bytes of memory are left", r.moves.len(), r.Size())
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
		{"before the horizon behind a count", []truth.Event{reset("a", 3, t0-h-2), receipt("b", 1, t0)}, reset("r", 7, t0-h-1), ResetTooOld, 4},
		{"superseded", []truth.Event{reset("a", 3, t0-h), sale("b", 1, t0)}, reset("r", 7, t0-h-1), Accepted, 2},
		{"superseded by its id", []truth.Event{reset("b", 3, t0-h-1), sale("c", 1, t0)}, reset("a", 7, t0-h-1), Accepted, 2},
		{"not superseded by its id", []truth.Event{reset("a", 3, t0-h-1), sale("c", 1, t0)}, reset("b", 7, t0-h-1), ResetTooOld, 2},
		{"repeated long after its id was folded", []truth.Event{reset("r", 7, t0-h-1), sale("b", 1, t0)}, reset("r", 7, t0-h-1), Repeated, 6},
		{"its id used for another count at its time", []truth.Event{reset("r", 7, t0-h-1), sale("b", 1, t0)}, reset("r", 8, t0-h-1), Reused, 6},
		{"looks do not make a count old", []truth.Event{sale("a", 1, t0), view("v", 1, t0+h)}, reset("r", 7, t0-h), Accepted, 6},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var r Record
			for _, e := range tt.before {
				apply(t, &r, moveOf(e), farNow, testLimits, Accepted)
			}
			out := apply(t, &r, moveOf(tt.reset), farNow, testLimits, tt.want)
			again := tt.want // what is refused is refused again
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

func TestLateBeyondTheHorizon(t *testing.T) {
	var r Record
	old := t0 - 5*testLimits.HorizonMs
	apply(t, &r, moveOf(reset("count", 100, old)), farNow, testLimits, Accepted)
	apply(t, &r, moveOf(sale("new", 1, t0)), farNow, testLimits, Accepted)

	// At or after the barrier a sale counts however late it is; before it, it is dropped.
	apply(t, &r, moveOf(sale("late", 10, old)), farNow, testLimits, Accepted)
	if out := apply(t, &r, moveOf(sale("dropped", 20, old-1)), farNow, testLimits, Accepted); !out.Dropped {
		t.Error("a sale from before the barrier is not said to be dropped")
	}
	// Until a horizon after they arrived, both are known.
	for _, newest := range []int64{t0, t0 + testLimits.HorizonMs} {
		apply(t, &r, moveOf(sale(fmt.Sprint(newest), 0, newest)), farNow, testLimits, Accepted)
		apply(t, &r, moveOf(sale("late", 10, old)), farNow, testLimits, Repeated)
		apply(t, &r, moveOf(sale("late", 11, old)), farNow, testLimits, Reused)
		apply(t, &r, moveOf(sale("dropped", 20, old-1)), farNow, testLimits, Repeated)
	}
	if r.OnHand() != 89 {
		t.Errorf("on-hand %d, want 89", r.OnHand())
	}
	apply(t, &r, moveOf(sale("later", 0, t0+testLimits.HorizonMs+1)), farNow, testLimits, Accepted)
	if n := len(r.late()); n != 0 {
		t.Errorf("%d late ids are kept for longer than a horizon", n)
	}
}

// TestTooLate: what the ledger cannot tell from a repetition changes nothing, and is refused again.
func TestTooLate(t *testing.T) {
	h := strictLimits.HorizonMs
	tests := []struct {
		name   string
		before []truth.Event
		late   truth.Event
		want   Verdict
		onHand int64
	}{
		{"the first event of a key is never too late", nil, sale("a", 1, t0-100*h), Accepted, -1},
		{"at the horizon", []truth.Event{sale("a", 1, t0)}, receipt("b", 5, t0-h), Accepted, 4},
		{"before the horizon", []truth.Event{sale("a", 1, t0)}, receipt("b", 5, t0-h-1), TooLate, -1},
		{"of the barrier's time", []truth.Event{reset("r", 9, t0-h-1), sale("a", 1, t0)}, sale("b", 5, t0-h-1), TooLate, 8},
		{"before the barrier", []truth.Event{reset("r", 9, t0-h), sale("a", 1, t0)}, sale("b", 5, t0-h-1), Accepted, 8},
		{"looks do not make an event late", []truth.Event{sale("a", 1, t0), view("v", 1, t0+h)}, sale("b", 5, t0-h), Accepted, -6},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var r Record
			for _, e := range tt.before {
				apply(t, &r, moveOf(e), farNow, strictLimits, Accepted)
			}
			apply(t, &r, moveOf(tt.late), farNow, strictLimits, tt.want)
			again := tt.want
			if tt.want == Accepted {
				again = Repeated
			}
			apply(t, &r, moveOf(tt.late), farNow, strictLimits, again)
			if r.OnHand() != tt.onHand {
				t.Errorf("on-hand %d, want %d", r.OnHand(), tt.onHand)
			}
		})
	}
}

// TestTooLateWithALongerHorizon starts again with a longer horizon than the one by which deltas were folded.
func TestTooLateWithALongerHorizon(t *testing.T) {
	var r Record
	h := strictLimits.HorizonMs
	apply(t, &r, moveOf(sale("a", 1, t0)), farNow, strictLimits, Accepted)
	apply(t, &r, moveOf(receipt("b", 10, t0+2*h)), farNow, strictLimits, Accepted)
	longer := strictLimits
	longer.HorizonMs = 10 * h
	apply(t, &r, moveOf(sale("a", 1, t0)), farNow, longer, TooLate)
	apply(t, &r, moveOf(sale("c", 1, t0+1)), farNow, longer, Accepted)
	if r.OnHand() != 8 {
		t.Errorf("on-hand %d, want 8", r.OnHand())
	}
}

// TestManyLateIDs lets go of many late ids one by one: the cost of an event must not grow with their number.
func TestManyLateIDs(t *testing.T) {
	var r Record
	const n = 100_000
	apply(t, &r, moveOf(sale("new", 0, t0)), farNow, testLimits, Accepted)
	for i := range int64(n) {
		r.Apply(moveOf(sale(fmt.Sprint("late", i), 1, t0-2*testLimits.HorizonMs)), farNow, testLimits)
		r.Apply(moveOf(sale(fmt.Sprint("new", i), 0, t0+i*testLimits.HorizonMs/n)), farNow, testLimits)
	}
	if r.OnHand() != -n || len(r.late()) != n {
		t.Fatalf("on-hand %d, %d late ids; want %d of each", r.OnHand(), len(r.late()), n)
	}
	for i := range int64(n) {
		r.Apply(moveOf(sale(fmt.Sprint("newer", i), 0, t0+testLimits.HorizonMs+(i+2)*testLimits.HorizonMs/n)), farNow, testLimits)
	}
	if err := wantSound(&r); err != nil || len(r.late()) != 0 {
		t.Errorf("%d late ids are left; %v", len(r.late()), err)
	}
}

// TestLongerHorizon starts again with a longer horizon than the one by which deltas were folded.
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
	// It cannot be known what of the folded deltas occurred at or after these.
	for _, ms := range []int64{t0 - 5*h, t0} {
		apply(t, &r, moveOf(reset("r", 50, ms)), farNow, longer, ResetTooOld)
	}
	// Nothing that was folded is as new as this one.
	apply(t, &r, moveOf(reset("r", 50, t0+1)), farNow, longer, Accepted)
	if r.OnHand() != 60 {
		t.Errorf("on-hand %d, want 60", r.OnHand())
	}
}
