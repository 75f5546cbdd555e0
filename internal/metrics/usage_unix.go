//go:build unix

package metrics

import (
	"runtime"
	"syscall"
	"time"
)

// Usage asks the operating system; the zero value where it does not say.
func Usage() ResourceUsage {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return ResourceUsage{}
	}
	rss := int64(u.Maxrss)
	if runtime.GOOS != "darwin" {
		rss <<= 10 // kilobytes there
	}
	return ResourceUsage{CPU: time.Duration(u.Utime.Nano() + u.Stime.Nano()), PeakRSSBytes: rss}
}
