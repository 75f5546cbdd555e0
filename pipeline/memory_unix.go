//go:build unix

package pipeline

import (
	"runtime"
	"syscall"
)

// peakMemoryMB is the largest resident set that this process has had.
func peakMemoryMB() (mb int64, ok bool) {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0, false
	}
	if runtime.GOOS == "darwin" {
		return int64(u.Maxrss) >> 20, true // bytes there, kilobytes elsewhere
	}
	return int64(u.Maxrss) >> 10, true
}
