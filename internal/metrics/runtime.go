package metrics

import "runtime"

// Runtime is what the process itself is doing, for whoever watches it for leaks or compares its cost.
type Runtime struct {
	StateCalls       int64   `json:"state_calls"`         // round trips to the runner's state
	ImageMisses      int64   `json:"image_misses"`        // images that were rebuilt from their log
	SourceBundles    int64   `json:"source_bundles"`      // source bundles that carried messages
	RedisEvictedKeys int64   `json:"redis_evicted_keys"`  // keys that Redis has evicted
	BigQueryRows     int64   `json:"bigquery_rows"`       // rows that BigQuery has stored
	BigQueryRefusals int64   `json:"bigquery_refusals"`   // rows that it refused; each is a dead letter
	BigQueryRetries  int64   `json:"bigquery_retries"`    // requests that failed
	VelocityLatency  Latency `json:"velocity_latency_ms"` // from publishing to Redis, per evaluation, by the oldest event in it
	Goroutines       int     `json:"goroutines"`
	HeapBytes        uint64  `json:"heap_bytes"`     // live and not yet collected objects
	CPUSeconds       float64 `json:"cpu_s"`          // user and system time of the process, 0 where it is unknown
	PeakRSSBytes     int64   `json:"peak_rss_bytes"` // largest resident set so far, 0 where it is unknown
}

// Runtime asks the system and the Go runtime, which stops the process for some microseconds.
func (p *Process) Runtime() Runtime {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	usage := Usage()
	return Runtime{
		StateCalls: p.Count(StateCalls), ImageMisses: p.Count(ImageMisses), SourceBundles: p.Count(SourceBundles),
		RedisEvictedKeys: p.Count(RedisEvictedKeys),
		BigQueryRows:     p.Count(BigQueryRows), BigQueryRefusals: p.Count(BigQueryRefusals), BigQueryRetries: p.Count(BigQueryRetries),
		VelocityLatency: p.VelocityLatency.Latency(), Goroutines: runtime.NumGoroutine(), HeapBytes: m.HeapAlloc,
		CPUSeconds: usage.CPU.Seconds(), PeakRSSBytes: usage.PeakRSSBytes,
	}
}
