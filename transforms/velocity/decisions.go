package velocity

import (
	"fmt"
	"strconv"
	"strings"
)

// Decisions holds the decisions of a Series that hysteresis and dwell depend on. They do not follow
// from its events. The zero value is that of a new series.
type Decisions struct {
	Dense      bool  // the window is 1h
	HighDemand bool  // the badge is on
	ChangedAt  int64 // when the badge last changed, epoch ms; 0 if never; reset once the series is gone
}

// Decisions returns the current decisions.
func (s *Series) Decisions() Decisions {
	return Decisions{Dense: s.last.Dense, HighDemand: s.last.HighDemand, ChangedAt: s.changedAt}
}

// Resume returns a series without events and with the decisions k. Unless k is zero, the series
// counts as not gone until its next evaluation.
func Resume(k Decisions) Series {
	if k == (Decisions{}) {
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

// String returns the text form, which ParseDecisions parses. It is empty for the zero value.
func (k Decisions) String() string {
	if k == (Decisions{}) {
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

// ParseDecisions parses a result of String.
func ParseDecisions(s string) (k Decisions, err error) {
	if s == "" {
		return k, nil
	}
	f := strings.Split(s, " ")
	if len(f) != 3 || f[0] != "1h" && f[0] != "24h" || f[1] != "on" && f[1] != "off" {
		return k, fmt.Errorf("%q is not a velocity decision", s)
	}
	at, err := strconv.ParseInt(f[2], 10, 64)
	if err != nil {
		return k, fmt.Errorf("%q is not a velocity decision: %w", s, err)
	}
	return Decisions{Dense: f[0] == "1h", HighDemand: f[1] == "on", ChangedAt: at}, nil
}
