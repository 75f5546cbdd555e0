package jq

import (
	"context"
	"errors"
	"runtime/metrics"
	"time"
)

const (
	maxSteps     = 1_000_000
	stepsPerByte = 20
	// stepsPerLook is the number of steps between two looks at the clock. A value can grow about
	// eightfold in that many.
	stepsPerLook = 16
	// quietTime is how long the heap of a run is not measured, and heapEvery how often after that.
	quietTime = 5 * time.Millisecond
	heapEvery = time.Millisecond
	maxGrowth = 256 << 20 // bytes
	maxTime   = 10 * time.Second
	// maxPause is the greatest time that counts between two looks, so that a process that was
	// stopped refuses nothing.
	maxPause = time.Second
)

var (
	errSteps  = errors.New("it takes too many steps")
	errMemory = errors.New("it takes more than 256 MiB of memory")
	errTime   = errors.New("it takes more than 10 s")
)

// meter bounds a run. It is the context of the run: the interpreter calls Done before each
// instruction, and stops when the channel is closed.
type meter struct {
	steps, next, limit int64
	began              time.Time
	looked             time.Duration // when the clock was looked at last, since began
	spent              time.Duration
	measured           time.Duration // when the heap was measured last, since began
	heap               [1]metrics.Sample
	first              uint64 // size of the heap in the first measurement, bytes
	err                error
}

// start prepares the meter for a run on a message of size bytes.
func (m *meter) start(size int) {
	m.heap[0].Name = "/memory/classes/heap/objects:bytes"
	m.steps, m.next, m.limit = 0, stepsPerLook, maxSteps+stepsPerByte*int64(size)
	m.began, m.looked, m.spent, m.measured, m.first, m.err = time.Now(), 0, 0, 0, 0, nil
}

var stopped = func() chan struct{} {
	c := make(chan struct{})
	close(c)
	return c
}()

// Done counts a step. It returns a closed channel when a bound is exceeded, nil otherwise.
func (m *meter) Done() <-chan struct{} {
	if m.steps++; m.steps < m.next {
		return nil
	}
	if m.err = m.look(); m.err != nil {
		return stopped
	}
	return nil
}

// look returns the error of the bound that is exceeded, if one is.
func (m *meter) look() error {
	m.next = m.steps + stepsPerLook
	if m.steps >= m.limit {
		return errSteps
	}
	now := time.Since(m.began)
	m.spent += min(now-m.looked, maxPause)
	m.looked = now
	if m.spent < quietTime {
		return nil
	}
	if m.spent > maxTime {
		return errTime
	}
	m.next = m.steps + 1 // each step may double a value
	if m.first != 0 && now-m.measured < heapEvery {
		return nil
	}
	metrics.Read(m.heap[:])
	m.measured = now
	size := m.heap[0].Value.Uint64()
	if m.first == 0 {
		m.first = size
	}
	if size > m.first+maxGrowth {
		return errMemory
	}
	return nil
}

// Err returns the error of the bound that is exceeded, or nil.
func (m *meter) Err() error { return m.err }

// Deadline reports that there is no deadline.
func (m *meter) Deadline() (time.Time, bool) { return time.Time{}, false }

// Value returns nil.
func (m *meter) Value(any) any { return nil }

var _ context.Context = (*meter)(nil)
