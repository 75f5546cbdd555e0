package liveview

import (
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"time"

	"golang.org/x/term"
)

// Escape sequences for the terminal.
const (
	enterScreen = "\x1b[?1049h\x1b[?25l" // the alternate screen, no cursor
	leaveScreen = "\x1b[?25h\x1b[?1049l"
	home        = "\x1b[H"
	eraseLine   = "\x1b[K" // from the cursor to the end of the line
	eraseBelow  = "\x1b[J" // from the cursor to the end of the screen
	holdPicture = "\x1b[?2026h"
	showPicture = "\x1b[?2026l" // terminals without this mode ignore both
)

// lineEvery is the time between two lines if the output is no terminal.
const lineEvery = time.Second

// View shows frames on a terminal or as lines. It is safe for concurrent use.
type View struct {
	out    io.Writer
	screen bool
	colour bool
	size   func() (width, height int)

	mu      sync.Mutex
	entered bool
	closed  bool
	last    *Frame
	printed time.Duration // Elapsed of the last line
	pending bool          // whether last came too soon after that line to be printed
	lines   int           // printed so far
}

// New returns a view on out. On a terminal that supports it the view paints, in colours unless the
// environment variable NO_COLOR is set and not empty. Elsewhere it prints a line a second.
func New(out *os.File) *View {
	return &View{
		out:    out,
		screen: term.IsTerminal(int(out.Fd())) && os.Getenv("TERM") != "dumb",
		colour: os.Getenv("NO_COLOR") == "",
		size: func() (int, int) {
			width, height, err := term.GetSize(int(out.Fd()))
			if err != nil || width <= 0 || height <= 0 {
				return 80, 24
			}
			return width, height
		},
	}
}

// OnTerminal reports whether the view paints a terminal. Other output to the terminal then spoils
// the picture.
func (v *View) OnTerminal() bool { return v.screen }

// Show shows the frame in place of the one before. If the output is no terminal, it prints a line,
// unless one was printed less than a second of Frame.Elapsed ago. After Close it does nothing.
func (v *View) Show(f Frame) error {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.closed {
		return nil
	}
	v.last = &f
	if !v.screen {
		if v.lines > 0 && f.Elapsed-v.printed < lineEvery {
			v.pending = true
			return nil
		}
		return v.line(f)
	}
	var b strings.Builder
	if !v.entered {
		v.entered = true
		b.WriteString(enterScreen)
	}
	width, height := v.size()
	b.WriteString(holdPicture + home)
	for i, line := range f.lines(width, height, v.colour) {
		if i > 0 {
			b.WriteString("\r\n")
		}
		b.WriteString(line + eraseLine)
	}
	b.WriteString(eraseBelow + showPicture)
	return v.write(b.String())
}

// Close restores the terminal and leaves the last frame on it, or as the last line. It must be
// called before the program ends, also on an interrupt. Another call does nothing.
func (v *View) Close() error {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.closed {
		return nil
	}
	v.closed = true
	if v.pending {
		return v.line(*v.last)
	}
	if !v.entered {
		return nil
	}
	width, height := v.size()
	// One line less than the screen has: the prompt below would otherwise push the first one out.
	return v.write(leaveScreen + strings.Join(v.last.lines(width, height-1, v.colour), "\r\n") + "\r\n")
}

// line prints the frame as a line.
func (v *View) line(f Frame) error {
	if v.lines == 0 && f.Quit != "" {
		if err := v.write(f.Quit + "\n"); err != nil {
			return err
		}
	}
	v.printed, v.pending = f.Elapsed, false
	v.lines++
	return v.write(f.summary() + "\n")
}

func (v *View) write(s string) error {
	if _, err := io.WriteString(v.out, s); err != nil {
		return fmt.Errorf("write to the terminal: %w", err)
	}
	return nil
}
