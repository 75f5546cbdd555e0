package process

import "sync/atomic"

// input is how far the sources have come.
type input struct {
	stopping atomic.Bool
	ended    atomic.Bool
	files    atomic.Int64 // the number of files, where they are all the input
	read     atomic.Int64 // how many of them were read to their end
	taken    atomic.Bool  // TakeInputEnd was true
}

// Stop makes sources emit nothing more.
func (i *input) Stop() { i.stopping.Store(true) }

// Stopping reports whether Stop was called.
func (i *input) Stopping() bool { return i.stopping.Load() }

// BeginFiles declares that the input is n files and nothing else.
func (i *input) BeginFiles(n int) { i.files.Store(int64(n)) }

// Bounded reports whether BeginFiles was called.
func (i *input) Bounded() bool { return i.files.Load() > 0 }

// FileRead counts a file as read to its end.
func (i *input) FileRead() { i.read.Add(1) }

// FilesRead returns how many files were read to their end.
func (i *input) FilesRead() int64 { return i.read.Load() }

// InputEnded reports whether all files were read and there is no other input.
func (i *input) InputEnded() bool {
	n := i.files.Load()
	return n > 0 && i.read.Load() == n
}

// TakeInputEnd reports whether InputEnded became true since its last call. It is true for one
// caller.
func (i *input) TakeInputEnd() bool { return i.InputEnded() && i.taken.CompareAndSwap(false, true) }

// End makes sources end their input, so that the job ends. Everything that they emitted must be
// finished.
func (i *input) End() { i.ended.Store(true) }

// Ended reports whether End was called.
func (i *input) Ended() bool { return i.ended.Load() }
