// Package metrics counts what the pipeline does: once as Beam metrics, for the runner's own pages, and once in the process,
// for the progress line and the summary file.
package metrics

import (
	"strings"

	"github.com/beamlytics/streamlytics/event"
)

// Counter is one thing that is counted.
type Counter int

// The counters. Events come first, by channel and type, and the refusals last, by reason.
const (
	Ignored Counter = eventCounters + iota
	DroppedByBarrier
	Duplicates
	Recomputed
	RedisWrites
	RedisRetries
	StateCalls       // round trips to the runner's state
	ImageMisses      // images that were rebuilt from their log
	SourceBundles    // source bundles that carried messages
	BigQueryRows     // rows that BigQuery has stored
	BigQueryRefusals // rows that it refused; each is a dead letter
	BigQueryRetries  // requests that failed
	refusedFirst
)

const (
	eventCounters = Counter(len(event.Channels) * len(event.Types))
	counters      = int(refusedFirst) + len(event.Reasons)
)

// Events is the counter of the decoded events of a channel and a type.
func Events(c event.Channel, t event.Type) Counter {
	return Counter((int(c)-1)*len(event.Types) + int(t) - 1)
}

// Refused is the counter of a reason.
func Refused(r event.Reason) Counter {
	for i, x := range event.Reasons {
		if x == r {
			return refusedFirst + Counter(i)
		}
	}
	panic("metrics: unknown reason " + string(r)) // the list is closed
}

// names are the Beam metrics' names, such as events_pos_sale and refused_bad_json.
var names = func() (n [counters]string) {
	for _, c := range event.Channels {
		for _, t := range event.Types {
			n[Events(c, t)] = strings.ToLower("events_" + c.String() + "_" + t.String())
		}
	}
	for c, name := range map[Counter]string{
		Ignored: "ignored", DroppedByBarrier: "dropped_by_barrier", Duplicates: "duplicates", Recomputed: "recomputed",
		RedisWrites: "redis_writes", RedisRetries: "redis_retries", StateCalls: "state_calls", ImageMisses: "image_misses",
		SourceBundles: "source_bundles", BigQueryRows: "bigquery_rows", BigQueryRefusals: "bigquery_refusals", BigQueryRetries: "bigquery_retries",
	} {
		n[c] = name
	}
	for i, r := range event.Reasons {
		n[refusedFirst+Counter(i)] = strings.ToLower("refused_" + string(r))
	}
	return n
}()
