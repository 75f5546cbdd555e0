package redistest

import (
	"bytes"
	"sync"
)

// readyLine is what every Redis since 3 writes once it accepts connections, whatever its ports and passwords.
var readyLine = []byte("Ready to accept connections")

// logBuffer keeps what a server writes and says when it is ready. It is safe for concurrent use.
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
