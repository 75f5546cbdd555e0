package bench

import (
	"fmt"
	"time"

	"github.com/beamlytics/streamlytics/internal/metrics"
)

// row is one line of the table.
type row struct {
	what     string
	events   int
	rate     float64       // events a second while there was work
	whole    time.Duration // of the process, from its start to its end; 0: does not apply
	cpu      float64       // of the process, microseconds an event
	redisCPU float64       // of redis-server, microseconds an event
	summary  metrics.Summary
	commands float64       // that Redis executed, an event
	firstAt  time.Duration // from the start of the process to its first pull; 0: does not apply
	checked  int           // stock keys compared with the truth
	wrong    int           // of these, wrong or missing
}

const head = `| Load | Events | Events/s | Whole process | CPU µs/event (Redis) | Peak MB | State calls/event | Redis commands/event | Signals/event | Stock p50 / p99 / max ms | Velocity p50 / p99 / max ms | First pull | Stock keys, wrong |
|---|---|---|---|---|---|---|---|---|---|---|---|---|`

func (r row) String() string {
	n := float64(max(r.events, 1))
	latency := func(l metrics.Latency) string {
		if l.Max == 0 {
			return ""
		}
		return fmt.Sprintf("%d / %d / %d", l.P50, l.P99, l.Max)
	}
	seconds := func(d time.Duration) string {
		if d == 0 {
			return ""
		}
		return fmt.Sprintf("%.2f s", d.Seconds())
	}
	return fmt.Sprintf("| %s | %d | %.0f | %s | %.1f (%.1f) | %d | %.3f | %.2f | %.2f | %s | %s | %s | %d, %d |", r.what, r.events, r.rate, seconds(r.whole),
		r.cpu, r.redisCPU, r.summary.Runtime.PeakRSSBytes>>20, float64(r.summary.Runtime.StateCalls)/n, r.commands, float64(r.summary.RedisWrites)/n,
		latency(r.summary.LatencyMs), latency(r.summary.Runtime.VelocityLatency), seconds(r.firstAt), r.checked, r.wrong)
}
