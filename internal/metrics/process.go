package metrics

import (
	"sync/atomic"
	"time"

	"github.com/beamlytics/streamlytics/event"
)

// Process holds the counts of one pipeline in this process. It is safe for concurrent use.
type Process struct {
	counts  [counters]atomic.Int64
	ignored ignoredByName
	pending pending
	started time.Time

	// StockLatency is the time from publishing the oldest event of a stock signal to its write to
	// Redis.
	StockLatency Histogram
	// VelocityLatency is the same for each evaluation of a product group.
	VelocityLatency Histogram
	// Lag is the age of the oldest event of the latest batch of stock signals at its write, in
	// milliseconds.
	Lag atomic.Int64
	// VelocityPending is the number of product groups with changes that are not in Redis.
	VelocityPending atomic.Int64
	// LargestSnapshot is the size of the largest snapshot that was written, in bytes.
	LargestSnapshot atomic.Int64
	// RedisAway is whether the last request to Redis failed.
	RedisAway atomic.Bool
}

// NewProcess returns a Process without counts. now is the wall time.
func NewProcess(now time.Time) *Process { return &Process{started: now} }

// Add adds n to a counter.
func (p *Process) Add(c Counter, n int64) { p.counts[c].Add(n) }

func (p *Process) observeSnapshot(bytes int64) {
	for {
		largest := p.LargestSnapshot.Load()
		if bytes <= largest || p.LargestSnapshot.CompareAndSwap(largest, bytes) {
			return
		}
	}
}

// Count returns the value of a counter.
func (p *Process) Count(c Counter) int64 { return p.counts[c].Load() }

// Decoded returns the number of decoded events, over all channels and types.
func (p *Process) Decoded() (n int64) {
	for i := range eventCounters {
		n += p.counts[i].Load()
	}
	return n
}

// RefusedTotal returns the number of refusals, over all reasons.
func (p *Process) RefusedTotal() (n int64) {
	for _, r := range event.Reasons {
		n += p.Count(Refused(r))
	}
	return n
}

// Summary is the content of --summary_file. Complete, whether all bounded input was read, and
// Runtime are set by the caller.
type Summary struct {
	Events            map[string]map[string]int64 `json:"events"`
	Ignored           int64                       `json:"ignored"`
	IgnoredByName     map[string]int64            `json:"ignored_by_name"`
	UnreadablePrices  int64                       `json:"unreadable_prices"`
	Refused           map[string]int64            `json:"refused"`
	DroppedByBarrier  int64                       `json:"dropped_by_barrier"`
	Duplicates        int64                       `json:"duplicates"`
	Recomputed        int64                       `json:"recomputed"`
	SalesNeverCounted int64                       `json:"sales_never_counted"`
	Acked             int64                       `json:"acked"`
	RedisWrites       int64                       `json:"redis_writes"`
	RedisRetries      int64                       `json:"redis_retries"`
	LatencyMs         Latency                     `json:"latency_ms"`
	UptimeS           float64                     `json:"uptime_s"`
	Complete          bool                        `json:"complete"`
	Runtime           Runtime                     `json:"runtime"`
}

// Latency is the summary of a histogram, in milliseconds.
type Latency struct {
	P50 int64 `json:"p50"`
	P99 int64 `json:"p99"`
	Max int64 `json:"max"`
}

// Summarize returns the current counts. Channels, types and reasons with a count of 0 are left out.
func (p *Process) Summarize(acked int64, now time.Time) Summary {
	s := Summary{
		Events:            map[string]map[string]int64{},
		Ignored:           p.Count(Ignored),
		IgnoredByName:     p.IgnoredByName(),
		UnreadablePrices:  p.Count(UnreadablePrices),
		Refused:           map[string]int64{},
		DroppedByBarrier:  p.Count(DroppedByBarrier),
		Duplicates:        p.Count(Duplicates),
		Recomputed:        p.Count(Recomputed),
		SalesNeverCounted: p.Count(SalesNeverCounted),
		Acked:             acked,
		RedisWrites:       p.Count(RedisWrites),
		RedisRetries:      p.Count(RedisRetries),
		LatencyMs:         p.StockLatency.Latency(),
		UptimeS:           now.Sub(p.started).Seconds(),
	}
	for _, c := range event.Channels {
		for _, t := range event.Types {
			if n := p.Count(Events(c, t)); n > 0 {
				if s.Events[c.String()] == nil {
					s.Events[c.String()] = map[string]int64{}
				}
				s.Events[c.String()][t.String()] = n
			}
		}
	}
	for _, r := range event.Reasons {
		if n := p.Count(Refused(r)); n > 0 {
			s.Refused[string(r)] = n
		}
	}
	return s
}
