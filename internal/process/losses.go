package process

import "sync/atomic"

// losses counts what Redis lost.
type losses struct {
	known atomic.Int64
	taken atomic.Int64
}

// Losses returns how often Redis was found to have lost data. What was written before the last loss
// must be written again.
func (l *losses) Losses() int64 { return l.known.Load() }

// Lose counts a loss if the count is still since, so that two observers of one loss count it once.
func (l *losses) Lose(since int64) { l.known.CompareAndSwap(since, since+1) }

// TakeLoss reports whether there was a loss since its last call. It is true for one caller.
func (l *losses) TakeLoss() bool {
	n := l.known.Load()
	old := l.taken.Load()
	return old < n && l.taken.CompareAndSwap(old, n)
}
