package sources

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"sync"

	"github.com/apache/beam/sdks/v2/go/pkg/beam/io/filesystem"

	"github.com/beamlytics/streamlytics/event"
)

// cursor is an open file between two bundles.
type cursor struct {
	file    File
	closers []io.Closer
	stored  *counter // the file as it is stored
	counted int64    // bytes of stored that fresh has returned
	lines   *lineReader
	ready   []line // read and not yet emitted
	at      int64  // lines emitted, header and blank ones included
	sniffed bool
	csv     bool
	columns []string
}

// openCursor opens a file and skips the lines before at.
func openCursor(ctx context.Context, f File, at int64) (_ *cursor, err error) {
	c := &cursor{file: f}
	defer func() {
		if err != nil {
			c.Close()
		}
	}()
	fs, err := filesystem.New(ctx, f.Path)
	if err != nil {
		return nil, fmt.Errorf("open the file system of %s: %w", f.Path, err)
	}
	c.closers = append(c.closers, fs)
	r, err := fs.OpenRead(ctx, f.Path)
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", f.Path, err)
	}
	c.closers = append(c.closers, r)
	c.stored = &counter{r: r}
	if c.lines, err = newLineReader(c.stored); err != nil {
		return nil, fmt.Errorf("read %s: %w", f.Path, err)
	}
	for c.at < at {
		if _, err := c.next(int(min(at-c.at, bundleMessages))); err != nil {
			return nil, fmt.Errorf("find line %d of %s again: %w", at, f.Path, err)
		}
	}
	if at > 0 {
		c.fresh() // they were counted when they were read for the first time
	}
	return c, nil
}

// fresh returns how many bytes of the file were read since the last call.
func (c *cursor) fresh() int64 {
	n := c.stored.n - c.counted
	c.counted = c.stored.n
	return n
}

// next returns the messages of up to n lines. It returns io.EOF when there are no lines left. Blank lines are no messages.
func (c *cursor) next(n int) ([]event.Message, error) {
	if len(c.ready) == 0 {
		lines, err := c.lines.next()
		if errors.Is(err, io.EOF) {
			return nil, io.EOF
		}
		if err != nil {
			return nil, fmt.Errorf("read %s behind line %d: %w", c.file.Path, c.at, err)
		}
		c.ready = lines
	}
	n = min(n, len(c.ready))
	messages := make([]event.Message, 0, n)
	for _, line := range c.ready[:n] {
		c.at++
		if c.isHeader(line.text) || len(bytes.TrimSpace(line.text)) == 0 && line.cut == 0 {
			continue
		}
		messages = append(messages, event.Message{Channel: event.FILE, Format: c.file.Format, Data: line.text, Cut: line.cut,
			Columns: c.columns, File: c.file.Path, Line: c.at})
	}
	c.ready = c.ready[n:]
	return messages, nil
}

// isHeader looks at the first line that is not blank: it says what kind of file this is, and may be a CSV header.
func (c *cursor) isHeader(line []byte) bool {
	if c.sniffed || len(bytes.TrimSpace(line)) == 0 {
		return false
	}
	c.sniffed = true
	if c.csv = isCSV(c.file, line); !c.csv {
		return false
	}
	columns, err := event.ParseCSVHeader(line)
	if err != nil {
		// No record can fit a header without columns: each will be refused, naming its line.
		slog.Error("CSV header cannot be read; every line of the file will be refused", "file", c.file.Path, "error", err)
		columns = []string{}
	}
	c.columns = columns
	return true
}

// isCSV goes by the file's name, and where that says nothing by its first line: no JSON object starts but with a brace.
func isCSV(f File, first []byte) bool {
	if f.Format == event.FormatUnified {
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
	var errs []error
	for i := len(c.closers) - 1; i >= 0; i-- {
		errs = append(errs, c.closers[i].Close())
	}
	c.closers = nil
	return errors.Join(errs...)
}

// cursors are the files that this process has open for a pipeline. A file whose cursor is lost is opened again and read up to
// where it was. Safe for concurrent use.
type cursors struct {
	mu   sync.Mutex
	open map[File]*cursor
}

// take returns the cursor of a file at a position. Whoever took it is the only one who has it.
func (s *cursors) take(ctx context.Context, f File, at int64) (*cursor, error) {
	s.mu.Lock()
	c := s.open[f]
	delete(s.open, f)
	s.mu.Unlock()
	if c != nil {
		if c.at == at {
			return c, nil
		}
		c.Close()
	}
	return openCursor(ctx, f, at)
}

func (s *cursors) put(c *cursor) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.open[c.file] = c
}

// Close closes all files.
func (s *cursors) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	var errs []error
	for _, c := range s.open {
		errs = append(errs, c.Close())
	}
	s.open = map[File]*cursor{}
	return errors.Join(errs...)
}
