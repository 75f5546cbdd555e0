package retail

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/beamlytics/streamlytics/event"
)

// started is the world in which a scenario was played, and what it published since its start.
type started struct {
	*World
	play     Play
	at       int64 // when the scenario started
	messages []decoded
	counted  *recount // of everything since the world began
}

// plays starts a scenario in a world, at noon and at night, and calls check after it has ended. In
// between and at the end, the truth of the world must be that of its messages.
func plays(t *testing.T, name string, check func(t *testing.T, s *started)) {
	t.Parallel()
	for _, hours := range []int64{4, 18} {
		for seed := range uint64(2) {
			t.Run(fmt.Sprintf("%d hours after the morning, seed %d", hours, seed), func(t *testing.T) {
				s := &started{World: New(Config{Seed: seed, Shops: 4, Products: 60, EventsPerSecond: 0.5}, morning),
					at: morning + hours*time.Hour.Milliseconds(), counted: newRecount()}
				s.counted.add(t, decode(t, s.Advance(s.at)))
				p, err := s.Start(name)
				if err != nil || !p.Running || p.Text == "" {
					t.Fatalf("%+v, %v", p, err)
				}
				if again, err := s.Start(name); !errors.Is(err, ErrRunning) || again != p {
					t.Errorf("while it runs, a second start returns %+v, %v", again, err)
				}
				s.play = p
				now := s.at
				for ; s.Plays()[name].Running; now += minutes(5) {
					if now > s.at+minutes(120) {
						t.Fatalf("it has not ended after two hours: %+v", s.Plays())
					}
					ds := decode(t, s.Advance(now))
					s.messages = append(s.messages, ds...)
					s.counted.add(t, ds)
				}
				compare(t, s.Truth(), s.counted, now)
				check(t, s)
			})
		}
	}
}

// about returns the events since the start that concern the product of the play, in its store if
// it has one, with the times at which they arrived.
func (s *started) about() (events []event.UnifiedInventoryEvent, arrived []int64) {
	for _, d := range s.messages {
		for _, e := range d.Events {
			if e.ProductID == s.play.Product && (s.play.Store == "" || e.StoreID == s.play.Store) {
				events, arrived = append(events, e), append(arrived, d.At)
			}
		}
	}
	return events, arrived
}

func TestLateCount(t *testing.T) {
	plays(t, "late_count", func(t *testing.T, s *started) {
		events, arrived := s.about()
		i := slices.IndexFunc(events, func(e event.UnifiedInventoryEvent) bool {
			return e.Type == event.Reset && e.OccurredAt == s.at
		})
		if i < 0 || arrived[i]-s.at != minutes(20) {
			t.Fatalf("no count that arrives after 20 minutes among %v", events)
		}
		late := 0
		for j, e := range events {
			if e.Type == event.Sale && e.OccurredAt < s.at && arrived[j] >= s.at+minutes(30) {
				late++
			}
		}
		if late < 3 {
			t.Errorf("%d sales from before the count arrive after it", late)
		}
	})
}

func TestTillOffline(t *testing.T) {
	plays(t, "till_offline", func(t *testing.T, s *started) {
		events, arrived := s.about()
		hours := map[int64]int{}
		for i, e := range events {
			if e.Type == event.Sale && arrived[i] >= s.at+minutes(30) && arrived[i] <= s.at+minutes(31) {
				hours[(arrived[i]-e.OccurredAt)/minutes(60)]++
			}
		}
		if len(hours) < 3 {
			t.Errorf("sales that arrive at once, by the hours of their delay: %v", hours)
		}
	})
}

func TestViral(t *testing.T) {
	plays(t, "viral", func(t *testing.T, s *started) {
		types := map[event.Type]int{}
		events, _ := s.about()
		for _, e := range events {
			types[e.Type]++
		}
		if types[event.View] < 20 || types[event.CartAdd] < 10 || types[event.Sale] < 5 {
			t.Errorf("%v", types)
		}
	})
}

func TestDuplicateStorm(t *testing.T) {
	plays(t, "duplicate_storm", func(t *testing.T, s *started) {
		deliveries := map[string]int{}
		for _, d := range s.messages {
			if d.At < s.at+minutes(15) && len(d.Refusals) == 0 {
				deliveries[string(d.Data)]++
			}
		}
		five := 0
		for _, n := range deliveries {
			if n >= 1+stormCopies {
				five++
			}
		}
		if five < len(deliveries)*3/4 {
			t.Errorf("%d of %d messages were delivered five times", five, len(deliveries))
		}
	})
}

func TestUnknownScenario(t *testing.T) {
	if _, err := New(Config{}, morning).Start("flood"); !errors.Is(err, ErrUnknownScenario) {
		t.Error(err)
	}
}

// TestAnyScenariosAtAnyTime starts random scenarios at random times. The truth must be that of the
// messages, and the steps in which the world advances must not matter.
func TestAnyScenariosAtAnyTime(t *testing.T) {
	for seed := range uint64(4) {
		t.Run(fmt.Sprintf("seed %d", seed), func(t *testing.T) {
			t.Parallel()
			rng := rand.New(rand.NewPCG(seed, 1))
			cfg := Config{Seed: seed, Shops: 1 + rng.IntN(5), Products: 1 + rng.IntN(50), EventsPerSecond: 0.1}
			type start struct {
				at   int64
				name string
			}
			var starts []start
			for range 25 {
				starts = append(starts,
					start{morning + rng.Int64N(minutes(24*60)), scenarios[rng.IntN(len(scenarios))].Name})
			}
			slices.SortStableFunc(starts, func(a, b start) int { return int(a.at - b.at) })
			end := morning + minutes(30*60)
			run := func(step int64) (*World, []Publication) {
				w := New(cfg, morning)
				var ps []Publication
				advance := func(to int64) {
					for now := w.now; now < to; now += step {
						ps = append(ps, w.Advance(now)...)
					}
					ps = append(ps, w.Advance(to)...)
				}
				for _, s := range starts {
					advance(s.at)
					if _, err := w.Start(s.name); err != nil && !errors.Is(err, ErrRunning) {
						t.Fatal(err)
					}
				}
				advance(end)
				return w, ps
			}
			w, ps := run(minutes(60))
			_, inSteps := run(1013)
			if !slices.EqualFunc(ps, inSteps, func(a, b Publication) bool {
				return a.At == b.At && bytes.Equal(a.Data, b.Data)
			}) {
				t.Errorf("%d messages in large steps, %d others in small ones", len(ps), len(inSteps))
			}
			r := newRecount()
			r.add(t, decode(t, ps))
			compare(t, w.Truth(), r, end)
		})
	}
}
