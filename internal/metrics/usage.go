package metrics

import "time"

// ResourceUsage is what the operating system says about this process.
type ResourceUsage struct {
	CPU          time.Duration // user and system
	PeakRSSBytes int64         // largest resident set so far
}
