package transforms

import (
	"slices"
	"time"
)

// unique returns the distinct tokens of a list, in a slice of its own.
func unique(tokens []int64) []int64 {
	u := slices.Clone(tokens)
	slices.Sort(u)
	return slices.Compact(u)
}

func formatMs(ms int64) string { return time.UnixMilli(ms).UTC().Format("2006-01-02T15:04:05.000Z") }

func latest(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

func nowMs() int64 { return time.Now().UnixMilli() }
