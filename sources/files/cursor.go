package files

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"

	"github.com/beamlytics/streamlytics/event"
	"github.com/beamlytics/streamlytics/sources"
)

// cursor is a file that stays open between two bundles.
type cursor struct {
	file    File
	closer  io.Closer
	stored  *counter // the file as it is stored
	counted int64    // bytes of stored that fresh has returned
	lines   *lineReader
	ready   []line // read and not yet emitted
	at      int64  // lines emitted, header and blank ones included
	ended   int64  // those of them that have an end

	// partial is set where the file may still grow: a last line without an end, and a flaw, set
	// waits then and are not emitted.
	partial bool
	waits   bool
	over    bool // the last line without an end, or the flaw, was emitted

	header
}

// header is what the first non-blank line of a file determines.
type header struct {
	sniffed    bool
	columns    []string // nil for JSON lines; empty if the CSV header cannot be used
	unreadable string   // why the lines below the header cannot be read
}

// newCursor returns a cursor in front of the first line of an open file. Close closes the file.
func newCursor(f File, r io.ReadCloser) *cursor {
	return &cursor{file: f, closer: r, stored: &counter{r: r}}
}

// openCursor opens a file and skips the lines before at.
func openCursor(ctx context.Context, s *store, f File, at int64) (*cursor, error) {
	r, _, err := s.open(ctx, entry{path: f.Path})
	if err != nil {
		return nil, err
	}
	c := newCursor(f, r)
	if err := c.skip(at); err != nil {
		return nil, errors.Join(err, c.Close())
	}
	c.fresh() // what was skipped is counted already
	return c, nil
}

// skip skips lines until n are read.
func (c *cursor) skip(n int64) error {
	for c.at < n {
		if _, err := c.next(int(min(n-c.at, sources.BundleMessages))); err != nil {
			return fmt.Errorf("find line %d of %s again: %w", n, c.file.Path, err)
		}
	}
	return nil
}

// fresh returns how many bytes of the file were read since the last call.
func (c *cursor) fresh() int64 {
	n := c.stored.n - c.counted
	c.counted = c.stored.n
	return n
}

// next returns the messages of up to n lines, or io.EOF when no lines are left. Blank lines have no
// messages.
func (c *cursor) next(n int) ([]event.Message, error) {
	if len(c.ready) == 0 {
		if c.lines == nil {
			c.lines = readContent(c.stored)
		}
		lines, err := c.lines.next()
		if err != nil {
			return c.end(err)
		}
		c.ready = lines
	}
	n = min(n, len(c.ready))
	messages := c.messages(c.ready[:n])
	c.ready = c.ready[n:]
	c.ended = c.at
	return messages, nil
}

// end returns the message at the end of the lines: a last line without an end, or a message that
// the decoder refuses, for a flaw.
func (c *cursor) end(err error) ([]event.Message, error) {
	last, found := c.lines.last()
	bad, flawed := errors.AsType[*flaw](err)
	switch {
	case c.over:
		return nil, io.EOF
	case flawed && !c.partial:
		c.over = true
		c.at++
		slog.Error("file cannot be read to its end", "file", c.file.Path, "behind_line", c.at-1, "error", err)
		sample := bad.sample
		if sample == nil {
			sample = last.text[:min(len(last.text), headBytes)]
		}
		return []event.Message{c.message(line{text: sample}, bad.what)}, nil
	case !flawed && !errors.Is(err, io.EOF):
		return nil, fmt.Errorf("read %s behind line %d: %w", c.file.Path, c.at, err)
	case c.partial:
		c.waits = flawed || found
	case found:
		c.over = true
		return c.messages([]line{last}), nil
	}
	return nil, io.EOF
}

// messages returns the messages of the next lines.
func (c *cursor) messages(lines []line) []event.Message {
	messages := make([]event.Message, 0, len(lines))
	for _, l := range lines {
		c.at++
		if len(bytes.TrimSpace(l.text)) == 0 && l.cut == 0 {
			continue
		}
		if !c.sniffed {
			c.sniffed = true
			if isCSV(c.file, l.text) {
				if err := c.readHeader(l.text); err != nil {
					messages = append(messages, c.message(l, err.Error()))
				}
				continue
			}
		}
		messages = append(messages, c.message(l, c.unreadable))
	}
	return messages
}

func (c *cursor) message(l line, unreadable string) event.Message {
	return event.Message{Channel: event.FILE, Format: c.file.Format, Data: l.text, Cut: l.cut, Columns: c.columns,
		Unreadable: unreadable, File: c.file.Path, Line: c.at}
}

// readHeader takes the columns from a CSV header. Its error applies to every line below it too.
func (c *cursor) readHeader(text []byte) error {
	columns, err := event.ParseCSVHeader(text)
	if err != nil {
		slog.Error("CSV header cannot be read; every line of the file will be refused",
			"file", c.file.Path, "error", err)
		columns = []string{}
		c.unreadable = fmt.Sprintf("not read, for line %d of the file is no usable header: %v", c.at, err)
	}
	c.columns = columns
	return err
}

// isCSV decides by the file's name or, if its extension is neither, by its first line: a JSON
// object starts with a brace.
func isCSV(f File, first []byte) bool {
	if f.Format != event.FormatWMS {
		return false
	}
	name := strings.TrimSuffix(strings.ToLower(f.Path), ".gz")
	for _, ext := range []string{".json", ".jsonl", ".ndjson"} {
		if strings.HasSuffix(name, ext) {
			return false
		}
	}
	return strings.HasSuffix(name, ".csv") || !bytes.HasPrefix(bytes.TrimSpace(first), []byte("{"))
}

// Close closes the file.
func (c *cursor) Close() error {
	if c.closer == nil {
		return nil
	}
	closer := c.closer
	c.closer = nil
	return closer.Close()
}
