package redistest

import (
	"bytes"
	"sync"
)

// readyLine is in the log of every Redis since 3 once it accepts connections.
var readyLine = []byte("Ready to accept connections")

// logBuffer keeps the log of a server and closes ready when the server accepts connections. It is
// safe for concurrent use.
type logBuffer struct {
	ready chan struct{}

	mu      sync.Mutex
	text    bytes.Buffer
	isReady bool
}

func newLogBuffer() *logBuffer { return &logBuffer{ready: make(chan struct{})} }

func (b *logBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.text.Write(p)
	if !b.isReady && bytes.Contains(b.text.Bytes(), readyLine) {
		b.isReady = true
		close(b.ready)
	}
	return len(p), nil
}

func (b *logBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}
