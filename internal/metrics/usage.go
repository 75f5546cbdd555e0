package metrics

import "time"

// ResourceUsage is the resource use of the process as measured by the operating system.
type ResourceUsage struct {
	CPU          time.Duration // user and system time
	PeakRSSBytes int64         // largest resident set so far
}
