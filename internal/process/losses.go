package process

import "sync/atomic"

// losses counts what Redis was found to have lost.
type losses struct {
	known atomic.Int64
	woken atomic.Int64 // for how many of them the keys were woken
}

// Losses is how often Redis was found to have lost data. What was written before the last loss must be written again.
func (l *losses) Losses() int64 { return l.known.Load() }

// Lose says that Redis has lost data since the given number of losses; if another has been counted since, it was that one.
func (l *losses) Lose(since int64) { l.known.CompareAndSwap(since, since+1) }

// TakeWakeUp reports whether the keys have to be woken because of a loss. One caller is told.
func (l *losses) TakeWakeUp() bool {
	n := l.known.Load()
	old := l.woken.Load()
	return old < n && l.woken.CompareAndSwap(old, n)
}
