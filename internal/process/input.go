package process

import "sync/atomic"

// input is how far the sources are.
type input struct {
	stopping atomic.Bool
	ended    atomic.Bool
	files    atomic.Int64 // how many there are, where they are all the input
	read     atomic.Int64 // how many of them are read
	told     atomic.Bool  // somebody has been told that all are
}

// Stop tells sources to emit nothing more.
func (i *input) Stop() { i.stopping.Store(true) }

// Stopping reports whether Stop was called.
func (i *input) Stopping() bool { return i.stopping.Load() }

// BeginFiles says that the input is n files and nothing else.
func (i *input) BeginFiles(n int) { i.files.Store(int64(n)) }

// Bounded reports whether BeginFiles was called.
func (i *input) Bounded() bool { return i.files.Load() > 0 }

// FileRead says that a file is read to its end.
func (i *input) FileRead() { i.read.Add(1) }

// FilesRead is how many files are read to their end.
func (i *input) FilesRead() int64 { return i.read.Load() }

// InputEnded reports whether all files are read, and there is no other input.
func (i *input) InputEnded() bool {
	n := i.files.Load()
	return n > 0 && i.read.Load() == n
}

// TakeInputEnd reports the same, to one caller.
func (i *input) TakeInputEnd() bool { return i.InputEnded() && i.told.CompareAndSwap(false, true) }

// End tells sources that their input has ended, so that the job can end too. Everything that they emitted has been dealt with.
func (i *input) End() { i.ended.Store(true) }

// Ended reports whether End was called.
func (i *input) Ended() bool { return i.ended.Load() }
