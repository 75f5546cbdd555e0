//go:build !unix

package pipeline

func peakMemoryMB() (mb int64, ok bool) { return 0, false }
