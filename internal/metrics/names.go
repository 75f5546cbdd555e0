// Package metrics counts what the pipeline does: once as Beam metrics, for the runner's own pages, and once in the process,
// for the progress line, the summary file and whoever scrapes the process (package scrape).
package metrics

import (
	"strings"

	"github.com/beamlytics/streamlytics/event"
)

// Counter is one thing that is counted.
type Counter int

// The counters. Events come first, by channel and type, and the refusals last, by reason.
const (
	Ignored          Counter = eventCounters + iota
	UnreadablePrices         // prices that are archived as absent
	DroppedByBarrier
	Duplicates
	Recomputed
	SalesNeverCounted // sales of keys without a RESET
	RedisWrites
	RedisRetries
	RedisEvictedKeys // keys that Redis has evicted while it was watched
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

// Counters are all of them, in their order.
func Counters() []Counter {
	all := make([]Counter, counters)
	for i := range all {
		all[i] = Counter(i)
	}
	return all
}

// Label is a name and a value by which a counter differs from others of its family.
type Label struct{ Name, Value string }

// Series is how a counter is named where metrics have labels: a family, such as events, and the labels that tell the counters of
// the family apart, such as channel POS and type SALE.
type Series struct {
	Family string
	Labels []Label
	Help   string // what the family counts
}

// Series is the counter's family and labels.
func (c Counter) Series() Series { return series[c] }

// String is the name of the Beam metric, such as events_pos_sale: family and values of the labels in lower case, joined by _.
func (c Counter) String() string { return names[c] }

var series = func() (s [counters]Series) {
	for _, c := range event.Channels {
		for _, t := range event.Types {
			s[Events(c, t)] = Series{"events", []Label{{"channel", c.String()}, {"type", t.String()}}, "Events decoded, repetitions included, by channel and type."}
		}
	}
	for c, x := range map[Counter]Series{
		Ignored:           {Family: "ignored", Help: "Messages that are sound and say nothing about a product."},
		UnreadablePrices:  {Family: "unreadable_prices", Help: "Prices that could not be read and are archived as absent."},
		DroppedByBarrier:  {Family: "dropped_by_barrier", Help: "Sales and receipts that arrived after a count, from before it."},
		Duplicates:        {Family: "duplicates", Help: "Repetitions of events that count already."},
		Recomputed:        {Family: "recomputed", Help: "Counts that arrived late, so that on-hand was made anew from the ledger."},
		SalesNeverCounted: {Family: "sales_never_counted", Help: "Sales of a store and product that no count has come for."},
		RedisWrites:       {Family: "redis_writes", Help: "Signals written to Redis."},
		RedisRetries:      {Family: "redis_retries", Help: "Attempts to write to Redis that failed, each of which is repeated."},
		RedisEvictedKeys:  {Family: "redis_evicted_keys", Help: "Keys that Redis has evicted for want of memory."},
		StateCalls:        {Family: "state_calls", Help: "Round trips to the runner's state."},
		ImageMisses:       {Family: "image_misses", Help: "Images of state that were made anew from their log."},
		SourceBundles:     {Family: "source_bundles", Help: "Bundles of sources that carried messages."},
		BigQueryRows:      {Family: "bigquery_rows", Help: "Rows that BigQuery has taken."},
		BigQueryRefusals:  {Family: "bigquery_refusals", Help: "Rows that BigQuery has refused, each of which is a dead letter."},
		BigQueryRetries:   {Family: "bigquery_retries", Help: "Attempts to write to BigQuery that failed, each of which is repeated."},
	} {
		s[c] = x
	}
	for i, r := range event.Reasons {
		s[refusedFirst+Counter(i)] = Series{"refused", []Label{{"reason", string(r)}}, "Refusals by reason; each is a dead letter."}
	}
	return s
}()

var names = func() (n [counters]string) {
	for i, s := range series {
		n[i] = strings.ToLower(s.Family)
		for _, l := range s.Labels {
			n[i] += "_" + strings.ToLower(l.Value)
		}
	}
	return n
}()
