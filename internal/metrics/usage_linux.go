package metrics

import (
	"os"
	"strconv"
	"strings"
	"syscall"
)

// peakRSS reads /proc because on Linux Rusage includes the memory of the process that started this
// one.
func peakRSS(*syscall.Rusage) int64 {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	_, rest, _ := strings.Cut(string(status), "VmHWM:")
	line, _, _ := strings.Cut(rest, "\n")
	kb, err := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(line), " kB"), 10, 64)
	if err != nil {
		return 0
	}
	return kb << 10
}
