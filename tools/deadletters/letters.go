// Package deadletters lists, shows and replays the dead letters that the pipeline keeps in the
// folder of its warehouse or in BigQuery.
package deadletters

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/beamlytics/streamlytics/event"
	"github.com/beamlytics/streamlytics/sinks/deadletters"
)

// letter is a dead letter and its number: its place among all that can be read, from 1, oldest
// first. Letters are only appended, so a number stays valid as long as none is removed.
type letter struct {
	N       int     `json:"n"`
	EventID *string `json:"event_id"` // nil if the payload has none; see identify
	deadletters.Record
	place string // where it is kept
}

func newLetter(n int, place string, record deadletters.Record) letter {
	return letter{N: n, Record: record, place: place}
}

// identify sets the event ids of letters from a pipeline with these maps.
func identify(letters []letter, maps event.Maps) {
	decoding := newDecoding(maps)
	for i := range letters {
		if id := decoding.eventID(letters[i]); id != "" {
			letters[i].EventID = &id
		}
	}
}

// filter chooses letters. The zero value takes all.
type filter struct {
	reasons []event.Reason
	sources []string
	since   time.Time // by failed_at
}

func (f filter) isZero() bool { return f.reasons == nil && f.sources == nil && f.since.IsZero() }

func (f filter) takes(l letter) bool {
	return (f.reasons == nil || slices.Contains(f.reasons, l.Reason)) &&
		(f.sources == nil || slices.Contains(f.sources, l.Source)) &&
		!l.FailedAt.Before(f.since)
}

func (f filter) apply(letters []letter) []letter {
	return slices.DeleteFunc(letters, func(l letter) bool { return !f.takes(l) })
}

// parseReasons reads a comma separated list in any case.
func parseReasons(value string) ([]event.Reason, error) {
	var reasons []event.Reason
	for _, name := range strings.Split(value, ",") {
		r := event.Reason(strings.ToUpper(strings.TrimSpace(name)))
		if !slices.Contains(event.Reasons[:], r) {
			return nil, fmt.Errorf("there is no reason %q; the reasons are %v", name, event.Reasons)
		}
		reasons = append(reasons, r)
	}
	return reasons, nil
}

// parseSources reads a comma separated list in any case.
func parseSources(value string) ([]string, error) {
	var sources []string
	for _, name := range strings.Split(value, ",") {
		s := strings.ToUpper(strings.TrimSpace(name))
		if _, ok := event.ParseChannel(s); !ok {
			return nil, fmt.Errorf("there is no source %q; the sources are %v", name, event.Channels)
		}
		sources = append(sources, s)
	}
	return sources, nil
}

// parseSince reads a time (RFC 3339), or a duration that reaches back from now.
func parseSince(value string, now time.Time) (time.Time, error) {
	if ago, err := time.ParseDuration(value); err == nil && ago >= 0 {
		return now.Add(-ago), nil
	}
	t, err := time.Parse(time.RFC3339Nano, value)
	if err != nil {
		return time.Time{}, fmt.Errorf("%q is neither a time (RFC 3339) nor a duration such as 24h", value)
	}
	return t, nil
}
