// Package metrics counts what the pipeline does. The counts go to Beam metrics, for the runner, and
// to a Process, for the progress line, the summary file and scraping.
package metrics

import (
	"strings"

	"github.com/beamlytics/streamlytics/event"
)

// Counter identifies a counter.
type Counter int

// The counters. The first are those of events, by channel and type, and the last those of refusals,
// by reason.
const (
	Ignored          Counter = eventCounters + iota
	UnreadablePrices         // prices that are not numbers and are archived as absent
	DroppedByBarrier
	Duplicates
	Recomputed
	SalesNeverCounted // sales of keys without a RESET
	RedisWrites
	RedisRetries
	RedisEvictedKeys // keys that Redis evicted during the run
	StateCalls       // round trips to the runner's state
	ImageMisses      // images that were restored from their log
	BigQueryRows     // rows written to BigQuery
	BigQueryRefusals // rows refused by BigQuery; each is a dead letter
	BigQueryRetries  // failed requests
	refusedFirst
)

const (
	eventCounters = Counter(len(event.Channels) * len(event.Types))
	counters      = int(refusedFirst) + len(event.Reasons)
)

// Events returns the counter of the decoded events of a channel and type.
func Events(c event.Channel, t event.Type) Counter {
	return Counter((int(c)-1)*len(event.Types) + int(t) - 1)
}

// Refused returns the counter of the refusals of a reason.
func Refused(r event.Reason) Counter {
	for i, x := range event.Reasons {
		if x == r {
			return refusedFirst + Counter(i)
		}
	}
	panic("metrics: unknown reason " + string(r)) // the list is closed
}

// Counters returns all counters in order.
func Counters() []Counter {
	all := make([]Counter, counters)
	for i := range all {
		all[i] = Counter(i)
	}
	return all
}

// Label is a name and value that distinguishes a counter from the others of its family.
type Label struct{ Name, Value string }

// Series names a counter in systems where metrics have labels, for example the family events with
// the labels channel="POS" and type="SALE".
type Series struct {
	Family string
	Labels []Label
	Help   string // the description of the family
}

// Series returns the family and labels of the counter.
func (c Counter) Series() Series { return series[c] }

// String returns the name of the Beam metric: the family and the label values in lower case, joined
// by "_", such as events_pos_sale.
func (c Counter) String() string { return names[c] }

var series = func() (s [counters]Series) {
	for _, c := range event.Channels {
		for _, t := range event.Types {
			s[Events(c, t)] = Series{
				Family: "events",
				Labels: []Label{{"channel", c.String()}, {"type", t.String()}},
				Help:   "Decoded events, including repetitions, by channel and type.",
			}
		}
	}
	for c, x := range unlabelled {
		s[c] = x
	}
	for i, r := range event.Reasons {
		s[refusedFirst+Counter(i)] = Series{
			Family: "refused",
			Labels: []Label{{"reason", string(r)}},
			Help:   "Refusals by reason; each is a dead letter.",
		}
	}
	return s
}()

// unlabelled holds the counters that are the only one of their family.
var unlabelled = map[Counter]Series{
	Ignored:           {Family: "ignored", Help: "Valid messages that concern no product."},
	UnreadablePrices:  {Family: "unreadable_prices", Help: "Prices that are not numbers and are archived as absent."},
	DroppedByBarrier:  {Family: "dropped_by_barrier", Help: "Sales and receipts that arrived after a newer RESET."},
	Duplicates:        {Family: "duplicates", Help: "Repetitions of events."},
	Recomputed:        {Family: "recomputed", Help: "Late RESETs for which on-hand was recomputed from the ledger."},
	SalesNeverCounted: {Family: "sales_never_counted", Help: "Sales of a store and product without a RESET."},
	RedisWrites:       {Family: "redis_writes", Help: "Signals written to Redis."},
	RedisRetries:      {Family: "redis_retries", Help: "Failed attempts to write to Redis; each is retried."},
	RedisEvictedKeys:  {Family: "redis_evicted_keys", Help: "Keys that Redis evicted because its memory was full."},
	StateCalls:        {Family: "state_calls", Help: "Round trips to the runner's state."},
	ImageMisses:       {Family: "image_misses", Help: "Images of state that were restored from their log."},
	BigQueryRows:      {Family: "bigquery_rows", Help: "Rows written to BigQuery."},
	BigQueryRefusals:  {Family: "bigquery_refusals", Help: "Rows refused by BigQuery; each is a dead letter."},
	BigQueryRetries:   {Family: "bigquery_retries", Help: "Failed attempts to write to BigQuery; each is retried."},
}

var names = func() (n [counters]string) {
	for i, s := range series {
		n[i] = strings.ToLower(s.Family)
		for _, l := range s.Labels {
			n[i] += "_" + strings.ToLower(l.Value)
		}
	}
	return n
}()
