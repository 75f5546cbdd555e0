package files

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"

	"github.com/beamlytics/streamlytics/internal/process"
)

// sequences records how far this process has read the sequences of files of a pipeline, and keeps
// the open file of each. It is safe for concurrent use.
type sequences struct {
	store store
	parts []part

	mu   sync.Mutex
	open map[int]*cursor // by sequence
}

// part counts the bytes of one sequence.
type part struct {
	read, total atomic.Int64
	ended       atomic.Bool
}

func newSequences(files [][]File) *sequences {
	s := &sequences{parts: make([]part, len(files)), open: map[int]*cursor{}}
	for i, sequence := range files {
		for _, f := range sequence {
			s.parts[i].total.Add(f.Size)
		}
	}
	return s
}

// sequencesOf returns the sequences of a pipeline. They are closed with env.
func sequencesOf(env *process.Env, files [][]File) (*sequences, error) {
	return process.Shared(env, "open files", func() (*sequences, error) { return newSequences(files), nil })
}

// take returns the cursor of sequence i behind line at of a file, for the exclusive use of the
// caller until put. A file without a cursor at that line is opened again and read up to it.
func (s *sequences) take(ctx context.Context, i int, f File, at int64) (*cursor, error) {
	s.mu.Lock()
	c := s.open[i]
	delete(s.open, i)
	s.mu.Unlock()
	if c != nil {
		if c.file == f && c.at == at {
			return c, nil
		}
		c.Close()
	}
	return openCursor(ctx, &s.store, f, at)
}

// put keeps the cursor of sequence i open for the next take.
func (s *sequences) put(i int, c *cursor) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.open[i] = c
}

// inStep is the fraction of its bytes by which a sequence may be ahead of another.
const inStep = 0.01

// ahead reports whether sequence i must wait for another: all of them cover the same time, so they
// should end together.
func (s *sequences) ahead(i int) bool {
	here := s.parts[i].fraction()
	for j := range s.parts {
		if there := &s.parts[j]; !there.ended.Load() && there.fraction() < here-inStep {
			return true
		}
	}
	return false
}

func (p *part) fraction() float64 { return float64(p.read.Load()) / float64(max(p.total.Load(), 1)) }

// Close closes all files.
func (s *sequences) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	var errs []error
	for _, c := range s.open {
		errs = append(errs, c.Close())
	}
	clear(s.open)
	return errors.Join(append(errs, s.store.Close())...)
}
