package files

import (
	"bytes"
	"io"
)

const (
	chunkBytes = 1 << 20
	// maxLineBytes is the part of a line that is kept. Pub/Sub's largest messages are smaller.
	maxLineBytes = 16 << 20
)

// line is a line without its end.
type line struct {
	text []byte
	cut  int64 // bytes behind the first maxLineBytes; they are not in text
}

// lineReader splits a stream into lines, which end with LF, CRLF or CR. The lines of one call share
// a buffer that is not used again, so they need no copies.
type lineReader struct {
	r       io.Reader
	rest    []byte // read, and not yet split
	afterCR bool   // the last line ended with a CR at the end of a chunk: an LF in front of rest belongs to it
	long    line   // a line of more than maxLineBytes without an end, at the end of the stream
	cutting int    // lines of the last chunk: the size of the next slice
	err     error  // of r, io.EOF included; it applies when rest has no more lines
}

// next returns the next lines. When none are left it returns the error of the stream, which is
// io.EOF at its end; last then returns the rest behind the last line end.
func (l *lineReader) next() ([]line, error) {
	for {
		if lines := l.cut(); len(lines) > 0 {
			return lines, nil
		}
		if l.err != nil {
			return nil, l.err
		}
		if len(l.rest) > maxLineBytes {
			if lines := l.skip(); len(lines) > 0 {
				return lines, nil
			}
			continue
		}
		l.fill()
	}
}

// last returns the last line of the stream if it has no end. It is valid after next has returned an
// error.
func (l *lineReader) last() (_ line, found bool) {
	if len(l.long.text) > 0 {
		return l.long, true
	}
	return newLine(l.rest), len(l.rest) > 0
}

// fill reads a chunk behind rest, into a new buffer.
func (l *lineReader) fill() {
	buf := make([]byte, len(l.rest)+max(chunkBytes, len(l.rest)))
	n := copy(buf, l.rest)
	for n < len(buf) && l.err == nil {
		var m int
		m, l.err = l.r.Read(buf[n:])
		n += m
	}
	l.rest = buf[:n]
}

// cut removes the lines that have an end from rest and returns them.
func (l *lineReader) cut() []line {
	l.dropLF()
	buf, at := l.rest, 0
	lf, cr := indexByte(buf, 0, '\n'), indexByte(buf, 0, '\r')
	if lf == len(buf) && cr == len(buf) {
		return nil
	}
	lines := make([]line, 0, l.cutting+16)
	for {
		end := min(lf, cr)
		if end == len(buf) {
			break
		}
		lines = append(lines, newLine(buf[at:end]))
		at = end + 1
		if end == cr {
			switch {
			case at == len(buf):
				l.afterCR = true
			case buf[at] == '\n':
				at++
			}
			cr = indexByte(buf, at, '\r')
		}
		if lf < at {
			lf = indexByte(buf, at, '\n')
		}
	}
	l.rest, l.cutting = buf[at:], len(lines)
	return lines
}

// dropLF drops the LF of a CRLF whose CR was the end of a chunk.
func (l *lineReader) dropLF() {
	if l.afterCR && len(l.rest) > 0 {
		l.rest, l.afterCR = bytes.TrimPrefix(l.rest, []byte{'\n'}), false
	}
}

// indexByte returns the index of the first c in b[from:], len(b) if there is none.
func indexByte(b []byte, from int, c byte) int {
	if i := bytes.IndexByte(b[from:], c); i >= 0 {
		return from + i
	}
	return len(b)
}

// skip returns the beginning of a line of more than maxLineBytes and discards the rest of it. If
// the stream ends within the line, skip returns none and stores the line in long.
func (l *lineReader) skip() []line {
	long := newLine(l.rest)
	l.rest = nil
	buf := make([]byte, chunkBytes)
	for l.err == nil {
		var n int
		n, l.err = l.r.Read(buf)
		end := min(indexByte(buf[:n], 0, '\n'), indexByte(buf[:n], 0, '\r'))
		long.cut += int64(end)
		if end < n {
			l.afterCR = buf[end] == '\r'
			l.rest = buf[end+1 : n]
			return []line{long}
		}
	}
	l.long = long
	return nil
}

func newLine(text []byte) line {
	if n := len(text) - maxLineBytes; n > 0 {
		return line{text: text[:maxLineBytes:maxLineBytes], cut: int64(n)}
	}
	return line{text: text[:len(text):len(text)]}
}
