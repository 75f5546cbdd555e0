package simulate

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"github.com/beamlytics/streamlytics/internal/clock"
	"github.com/beamlytics/streamlytics/internal/wholefile"
	"github.com/beamlytics/streamlytics/tools/retail"
)

// state identifies a world and how far it is published. A world follows from its seed, sizes and
// first moment, message for message, so nothing else is needed to continue it.
type state struct {
	Seed            uint64    `json:"seed"`
	Shops           int       `json:"shops"`
	Products        int       `json:"products"`
	EventsPerSecond float64   `json:"events_per_second"`
	OnlineStore     string    `json:"online_store"`
	ClockSpeed      float64   `json:"clock_speed"`
	ClockOrigin     time.Time `json:"clock_origin"` // the world's first moment
	Started         time.Time `json:"started"`      // the same moment, wall time
	Published       time.Time `json:"published"`    // everything up to this moment of the world is published
}

// begin returns the state of a world that begins now.
func (o Options) begin(now time.Time) state {
	now = now.UTC().Truncate(time.Millisecond)
	origin := o.clockOrigin.UTC().Truncate(time.Millisecond)
	if o.clockOrigin.IsZero() {
		origin = now
	}
	return state{
		Seed: o.seed, Shops: o.shops, Products: o.products,
		EventsPerSecond: o.eventsPerSecond, OnlineStore: o.onlineStore,
		ClockSpeed: o.clockSpeed, ClockOrigin: origin, Started: now, Published: origin.Add(-time.Millisecond),
	}
}

// resume returns the state that an earlier run left, or a new one. It is an error if the options
// describe another world: two worlds would use the same ids for different events.
func (o Options) resume(now time.Time) (state, error) {
	fresh := o.begin(now)
	if o.stateFile == "" {
		return fresh, nil
	}
	text, err := os.ReadFile(o.stateFile)
	if errors.Is(err, fs.ErrNotExist) {
		return fresh, nil
	}
	if err != nil {
		return state{}, fmt.Errorf("read the state: %w", err)
	}
	var left state
	if err := json.Unmarshal(text, &left); err != nil {
		return state{}, fmt.Errorf("read the state in %s: %w", o.stateFile, err)
	}
	asked := fresh
	asked.Started, asked.Published = left.Started, left.Published
	if o.clockOrigin.IsZero() {
		asked.ClockOrigin = left.ClockOrigin
	}
	if asked != left {
		return state{}, fmt.Errorf("%s is of another world than the options ask for; remove it, and empty Redis, "+
			"to begin anew\nthere: %+v\nasked: %+v", o.stateFile, left, asked)
	}
	return left, nil
}

// save writes the state to a file. It does nothing if path is empty.
func (s state) save(path string) error {
	if path == "" {
		return nil
	}
	text, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return fmt.Errorf("save the state: %w", err)
	}
	if err := wholefile.Replace(path, append(text, '\n')); err != nil {
		return fmt.Errorf("save the state: %w", err)
	}
	return nil
}

func (s state) clock() clock.Clock { return clock.New(s.ClockOrigin, s.Started, s.ClockSpeed) }

// open creates the world and advances it to where it is published, which repeats its random
// choices.
func (s state) open() *retail.World {
	w := retail.New(retail.Config{
		Seed: s.Seed, Shops: s.Shops, Products: s.Products,
		EventsPerSecond: s.EventsPerSecond / s.ClockSpeed, OnlineStore: s.OnlineStore,
	}, s.ClockOrigin.UnixMilli())
	const stride = int64(10 * time.Minute / time.Millisecond) // its messages fit into memory
	until := s.Published.UnixMilli()
	for to := s.ClockOrigin.UnixMilli(); to < until; to += stride {
		w.Advance(min(to+stride, until))
	}
	return w
}
