package demo

import (
	"errors"
	"fmt"
	"io"
	"os"
	"sync"

	"golang.org/x/term"

	"github.com/beamlytics/streamlytics/config"
)

// eraseLine moves to the begin of the line and erases it.
const eraseLine = "\r\x1b[K"

// console prints lines and a status. On a terminal the status is the last line, rewritten in place;
// elsewhere each status is a line. As a writer it takes the log. It is safe for concurrent use.
type console struct {
	out, log *os.File
	inPlace  bool

	mu     sync.Mutex
	status string // on the terminal
	muted  bool
}

func newConsole(out, log *os.File) *console {
	return &console{out: out, log: log, inPlace: config.IsTerminal(out) && os.Getenv("TERM") != "dumb"}
}

// Write writes a part of the log.
func (c *console) Write(p []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.muted {
		return len(p), nil
	}
	if err := c.print(c.log, string(p)); err != nil {
		return 0, err
	}
	return len(p), nil
}

// mute drops the log from now on.
func (c *console) mute() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.muted = true
}

// line prints a line above the status.
func (c *console) line(text string) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.print(c.out, text+"\n")
}

// show prints a status.
func (c *console) show(status string) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.inPlace {
		return c.print(c.out, status+"\n")
	}
	if width, _, err := term.GetSize(int(c.out.Fd())); err == nil && 0 < width && width <= len(status) {
		status = status[:width-1]
	}
	c.status = status
	return c.print(c.out, "")
}

// end prints text in place of the status.
func (c *console) end(text string) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.status = ""
	return c.print(c.out, text)
}

// print writes text, which is empty or ends a line, above the status.
func (c *console) print(to io.Writer, text string) error {
	if c.inPlace {
		return errors.Join(write(c.out, eraseLine), write(to, text), write(c.out, c.status))
	}
	return write(to, text)
}

func write(to io.Writer, text string) error {
	if _, err := io.WriteString(to, text); err != nil {
		return fmt.Errorf("write to the terminal: %w", err)
	}
	return nil
}
