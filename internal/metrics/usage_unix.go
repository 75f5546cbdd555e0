//go:build unix

package metrics

import (
	"syscall"
	"time"
)

// Usage asks the operating system; zero is what it does not say.
func Usage() ResourceUsage {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return ResourceUsage{}
	}
	return ResourceUsage{CPU: time.Duration(u.Utime.Nano() + u.Stime.Nano()), PeakRSSBytes: peakRSS(&u)}
}
