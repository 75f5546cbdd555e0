//go:build unix && !linux

package metrics

import (
	"runtime"
	"syscall"
)

func peakRSS(u *syscall.Rusage) int64 {
	rss := int64(u.Maxrss)
	if runtime.GOOS != "darwin" {
		rss <<= 10 // from kilobytes
	}
	return rss
}
