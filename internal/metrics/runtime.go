package metrics

import "runtime"

// Runtime describes the resource use of the process, to find leaks and compare costs.
type Runtime struct {
	StateCalls       int64   `json:"state_calls"`         // round trips to the runner's state
	ImageMisses      int64   `json:"image_misses"`        // images that were restored from their log
	RedisEvictedKeys int64   `json:"redis_evicted_keys"`  // keys that Redis evicted
	BigQueryRows     int64   `json:"bigquery_rows"`       // rows written to BigQuery
	BigQueryRefusals int64   `json:"bigquery_refusals"`   // rows refused by BigQuery; each is a dead letter
	BigQueryRetries  int64   `json:"bigquery_retries"`    // failed requests
	VelocityLatency  Latency `json:"velocity_latency_ms"` // see Process.VelocityLatency
	Goroutines       int     `json:"goroutines"`
	HeapBytes        uint64  `json:"heap_bytes"`     // live objects and those not yet collected
	CPUSeconds       float64 `json:"cpu_s"`          // user and system time of the process; 0 if unknown
	PeakRSSBytes     int64   `json:"peak_rss_bytes"` // largest resident set so far; 0 if unknown
}

// Runtime returns the current resource use. It stops the process for some microseconds.
func (p *Process) Runtime() Runtime {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	usage := Usage()
	return Runtime{
		StateCalls:       p.Count(StateCalls),
		ImageMisses:      p.Count(ImageMisses),
		RedisEvictedKeys: p.Count(RedisEvictedKeys),
		BigQueryRows:     p.Count(BigQueryRows),
		BigQueryRefusals: p.Count(BigQueryRefusals),
		BigQueryRetries:  p.Count(BigQueryRetries),
		VelocityLatency:  p.VelocityLatency.Latency(),
		Goroutines:       runtime.NumGoroutine(),
		HeapBytes:        m.HeapAlloc,
		CPUSeconds:       usage.CPU.Seconds(),
		PeakRSSBytes:     usage.PeakRSSBytes,
	}
}
