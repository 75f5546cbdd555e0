package sources

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
)

const chunkBytes = 1 << 20

// lineReader cuts a stream into lines. Lines of one call share one buffer that is not used again, so they need no copies.
type lineReader struct {
	r    io.Reader
	rest []byte // read, and without a line end so far
	read int64  // lines returned so far
	eof  bool
}

// newLineReader reads plain or gzip, whichever the first bytes say.
func newLineReader(r io.Reader) (*lineReader, error) {
	b := bufio.NewReaderSize(r, 64<<10)
	magic, err := b.Peek(2)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	if len(magic) == 2 && magic[0] == 0x1f && magic[1] == 0x8b {
		z, err := gzip.NewReader(b)
		if err != nil {
			return nil, fmt.Errorf("open gzip: %w", err)
		}
		return &lineReader{r: z}, nil
	}
	return &lineReader{r: b}, nil
}

// next returns some lines without their ends, or io.EOF when there are none left. A last line without an end is a line.
func (l *lineReader) next() (lines [][]byte, err error) {
	for {
		if l.eof {
			if len(l.rest) == 0 {
				return nil, io.EOF
			}
			lines = append(lines, trimCR(l.rest))
			l.rest = nil
			l.read++
			return lines, nil
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
			lines = append(lines, trimCR(l.rest[:i:i]))
			l.rest = l.rest[i+1:]
		}
		if len(lines) > 0 {
			l.read += int64(len(lines))
			return lines, nil
		}
	}
}

func trimCR(line []byte) []byte { return bytes.TrimSuffix(line, []byte{'\r'}) }
