package demo

import (
	"bytes"
	"fmt"
	"io"
	"sync"
)

// maxHeld is the most that a heldLog keeps, bytes.
const maxHeld = 64 << 10

// heldLog passes a log on, or keeps it back while a picture is on the terminal. It is safe for
// concurrent use.
type heldLog struct {
	out io.Writer

	mu      sync.Mutex
	hold    bool
	muted   bool
	kept    bytes.Buffer
	dropped int // writes that were not kept
}

// Write implements io.Writer. While the log is held it does not fail.
func (l *heldLog) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.muted {
		return len(p), nil
	}
	if !l.hold {
		return l.out.Write(p)
	}
	if l.kept.Len()+len(p) > maxHeld {
		l.dropped++
		return len(p), nil
	}
	return l.kept.Write(p)
}

// mute drops what is written from now on.
func (l *heldLog) mute() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.muted = true
}

// release passes on what was kept. From then on, writes are passed on at once unless the log is
// muted.
func (l *heldLog) release() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.hold = false
	if _, err := l.kept.WriteTo(l.out); err == nil && l.dropped > 0 {
		fmt.Fprintf(l.out, "(%d more lines)\n", l.dropped)
	}
	l.kept.Reset()
	l.dropped = 0
}
