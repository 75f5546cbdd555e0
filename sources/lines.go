package sources

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
)

const (
	chunkBytes = 1 << 20
	// maxLineBytes is how much of a line is read into memory. Pub/Sub's largest messages are smaller.
	maxLineBytes = 16 << 20
)

// line is a line without its end.
type line struct {
	text []byte
	cut  int64 // bytes behind the first maxLineBytes, which are not in text
}

// lineReader cuts a stream into lines. Lines of one call share one buffer that is not used again, so they need no copies.
type lineReader struct {
	r    io.Reader
	rest []byte // read, and without a line end so far
	eof  bool
}

// newLineReader reads plain or gzip, whichever the first bytes say.
func newLineReader(r io.Reader) (*lineReader, error) {
	compressed := &counter{r: r}
	b := bufio.NewReaderSize(compressed, 64<<10)
	magic, err := b.Peek(2)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	if len(magic) == 2 && magic[0] == 0x1f && magic[1] == 0x8b {
		z, err := gzip.NewReader(b)
		if err != nil {
			return nil, fmt.Errorf("open gzip: %w", err)
		}
		return &lineReader{r: &expansion{z: z, compressed: compressed, free: freeExpansion}}, nil
	}
	return &lineReader{r: b}, nil
}

// next returns some lines, or io.EOF when there are none left. A last line without an end is a line.
func (l *lineReader) next() (lines []line, err error) {
	for {
		if l.eof {
			if len(l.rest) == 0 {
				return nil, io.EOF
			}
			lines = append(lines, newLine(l.rest))
			l.rest = nil
			return lines, nil
		}
		if len(l.rest) > maxLineBytes {
			return l.skip()
		}
		buf := make([]byte, len(l.rest)+max(chunkBytes, len(l.rest)))
		n := copy(buf, l.rest)
		m, err := io.ReadFull(l.r, buf[n:])
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			// A gzip stream that was cut off ends with ErrUnexpectedEOF too: only a second read tells the two apart.
			if _, again := l.r.Read(make([]byte, 1)); again != nil && !errors.Is(again, io.EOF) {
				return nil, again
			}
			l.eof, err = true, nil
		}
		if err != nil {
			return nil, err
		}
		buf = buf[:n+m]
		l.rest = buf
		for {
			i := bytes.IndexByte(l.rest, '\n')
			if i < 0 {
				break
			}
			lines = append(lines, newLine(l.rest[:i:i]))
			l.rest = l.rest[i+1:]
		}
		if len(lines) > 0 {
			return lines, nil
		}
	}
}

// skip returns the beginning of a line that is too long to be read, and reads over the rest of it.
func (l *lineReader) skip() ([]line, error) {
	long := newLine(l.rest)
	buf := make([]byte, chunkBytes)
	for {
		n, err := l.r.Read(buf)
		if i := bytes.IndexByte(buf[:n], '\n'); i >= 0 {
			long.cut += int64(i)
			l.rest = buf[i+1 : n]
			return []line{long}, ignoreEOF(err)
		}
		long.cut += int64(n)
		if errors.Is(err, io.EOF) {
			l.eof, l.rest = true, nil
			return []line{long}, nil
		}
		if err != nil {
			return nil, err
		}
	}
}

// ignoreEOF leaves the end to the next read.
func ignoreEOF(err error) error {
	if errors.Is(err, io.EOF) {
		return nil
	}
	return err
}

func newLine(text []byte) line {
	if n := len(text) - maxLineBytes; n > 0 {
		return line{text: text[:maxLineBytes:maxLineBytes], cut: int64(n)}
	}
	text = bytes.TrimSuffix(text, []byte{'\r'})
	return line{text: text[:len(text):len(text)]}
}
