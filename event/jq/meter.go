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

	maxTime = 10 * time.Second
	// maxPause is the greatest time that counts between two looks, so that a process that was
	// stopped or starved of CPU time refuses nothing.
	maxPause = time.Second
	// quietTime is how long the heap of a run is not measured.
	quietTime = 5 * time.Millisecond
	heapEvery = time.Millisecond
	maxGrowth = 256 << 20 // bytes
)

var (
	errSteps  = errors.New("it takes too many steps")
	errTime   = errors.New("it takes more than 10 s")
	errMemory = errors.New("it takes more than 256 MiB of memory")
)

// meter bounds a run. It is the context of the run: the interpreter calls Done before each
// instruction, and stops when the channel is closed.
type meter struct {
	steps, next, limit int64
	began              time.Time
	looked             time.Duration // of the last look, since began
	spent              time.Duration
	heap               heap
	err                error
}

// heap is the size of the heap in a run.
type heap struct {
	sample   [1]metrics.Sample
	first    uint64        // bytes, in the first look after quietTime
	measured time.Duration // of the last measurement, since the run began
}

// start prepares the meter for a run on a message of size bytes.
func (m *meter) start(size int) {
	m.heap.sample[0].Name = "/memory/classes/heap/objects:bytes"
	m.heap.first = 0
	m.steps, m.next, m.limit = 0, stepsPerLook, maxSteps+stepsPerByte*int64(size)
	m.began, m.looked, m.spent, m.err = time.Now(), 0, 0, nil
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
	m.next = m.steps + 1 // each step may double a value
	if m.spent > maxTime {
		return errTime
	}
	if m.heap.grown(now) > maxGrowth {
		return errMemory
	}
	return nil
}

// grown returns by how many bytes the heap has grown since the first call in a run, as of the last
// measurement.
func (h *heap) grown(now time.Duration) uint64 {
	if h.first != 0 && now-h.measured < heapEvery {
		return 0
	}
	metrics.Read(h.sample[:])
	h.measured = now
	size := h.sample[0].Value.Uint64()
	if h.first == 0 {
		h.first = size
	}
	return max(size, h.first) - h.first
}

// Err returns the error of the bound that is exceeded, or nil.
func (m *meter) Err() error { return m.err }

// Deadline reports that there is no deadline.
func (m *meter) Deadline() (time.Time, bool) { return time.Time{}, false }

// Value returns nil.
func (m *meter) Value(any) any { return nil }

var _ context.Context = (*meter)(nil)
