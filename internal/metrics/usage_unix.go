//go:build unix

package metrics

import (
	"syscall"
	"time"
)

// Usage returns the resource use of the process. Unknown values are 0.
func Usage() ResourceUsage {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return ResourceUsage{}
	}
	return ResourceUsage{CPU: time.Duration(u.Utime.Nano() + u.Stime.Nano()), PeakRSSBytes: peakRSS(&u)}
}
