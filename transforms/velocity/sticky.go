package velocity

import (
	"fmt"
	"strconv"
	"strings"
)

// Sticky is what a Series knows that its events do not say: what was decided before, and so is kept by hysteresis and dwell. The
// zero value is a series that has decided nothing.
type Sticky struct {
	Dense      bool  // the window shown is 1h
	HighDemand bool  // the badge is on
	ChangedAt  int64 // when the badge last changed, epoch ms; 0: never, or long ago
}

// Sticky returns what has been decided so far.
func (s *Series) Sticky() Sticky {
	return Sticky{Dense: s.last.Dense, HighDemand: s.last.HighDemand, ChangedAt: s.changedAt}
}

// Resume returns a series without events that goes on from what was decided. It has not been found gone yet: its next evaluation
// says what it says anew.
func Resume(k Sticky) Series {
	if k == (Sticky{}) {
		return Series{stale: true}
	}
	seen := min(max(k.ChangedAt, minClockMs), maxClockMs)
	return Series{
		seen:      seen,
		changedAt: max(min(k.ChangedAt, seen), 0),
		last:      Reading{Expires: leaves(minuteOf(seen), dayMinutes), Dense: k.Dense, HighDemand: k.HighDemand},
		stale:     true,
	}
}

// String is the form in which a Sticky is kept; ParseSticky reads it. That of the zero value is empty.
func (k Sticky) String() string {
	if k == (Sticky{}) {
		return ""
	}
	window, badge := "24h", "off"
	if k.Dense {
		window = "1h"
	}
	if k.HighDemand {
		badge = "on"
	}
	return window + " " + badge + " " + strconv.FormatInt(k.ChangedAt, 10)
}

// ParseSticky reads what String wrote.
func ParseSticky(s string) (k Sticky, err error) {
	if s == "" {
		return k, nil
	}
	f := strings.Split(s, " ")
	if len(f) != 3 || f[0] != "1h" && f[0] != "24h" || f[1] != "on" && f[1] != "off" {
		return k, fmt.Errorf("%q is not a kept decision", s)
	}
	at, err := strconv.ParseInt(f[2], 10, 64)
	if err != nil {
		return k, fmt.Errorf("%q is not a kept decision: %w", s, err)
	}
	return Sticky{Dense: f[0] == "1h", HighDemand: f[1] == "on", ChangedAt: at}, nil
}
