package files

import (
	"compress/gzip"
	"errors"
	"fmt"
	"io"

	"github.com/cespare/xxhash/v2"
)

const (
	// maxExpansion is the largest permitted ratio of expanded to compressed bytes. Events reach 5
	// to 30; a gzip bomb up to 1,032.
	maxExpansion = 200
	// freeExpansion is the number of expanded bytes that is permitted at any ratio: a small file of
	// equal lines is no attack.
	freeExpansion = 256 << 20
)

var errExpansion = errors.New("gzip expands too much")

// counter counts the bytes that are read from a stream, and keeps its error.
type counter struct {
	r   io.Reader
	n   int64
	sum *xxhash.Digest // of the bytes that were read; nil if not needed
	err error          // the first error of r other than io.EOF
}

func (c *counter) Read(b []byte) (int, error) {
	n, err := c.r.Read(b)
	c.n += int64(n)
	if c.sum != nil {
		_, _ = c.sum.Write(b[:n]) // it has no errors
	}
	if err != nil && !errors.Is(err, io.EOF) && c.err == nil {
		c.err = err
	}
	return n, err
}

// expansion reads gzip and fails when it expands beyond maxExpansion.
type expansion struct {
	z          *gzip.Reader
	compressed *counter
	free       int64
	out        int64
}

func (e *expansion) Read(b []byte) (int, error) {
	n, err := e.z.Read(b)
	e.out += int64(n)
	if e.out > e.free && e.out/maxExpansion > e.compressed.n {
		return 0, &flaw{err: errExpansion, what: fmt.Sprintf(
			"%v: %d bytes of %d, more than %d-fold; the rest of the file is not read",
			errExpansion, e.out, e.compressed.n, maxExpansion)}
	}
	if err != nil && !errors.Is(err, io.EOF) {
		err = gzipError(e.compressed, err)
	}
	return n, err
}

// gzipError returns the error of reading the compressed file, if there was one, and a flaw of its
// content otherwise.
func gzipError(compressed *counter, err error) error {
	switch {
	case compressed.err != nil:
		return compressed.err
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF):
		return &flaw{err: io.ErrUnexpectedEOF,
			what: "the gzip file is cut short; only the lines before the cut are read"}
	default:
		return &flaw{err: err,
			what: fmt.Sprintf("the gzip file is damaged: %v; only the lines before that are read", err)}
	}
}
