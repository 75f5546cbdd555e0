package sources

import (
	"compress/gzip"
	"errors"
	"fmt"
	"io"
)

const (
	// maxExpansion is how many bytes may come out of one byte of gzip. Events make 5 to 30; a file that was made to fill a disk or
	// a day makes up to 1,032.
	maxExpansion = 200
	// freeExpansion is what may come out whatever the ratio: a small file of equal lines is no attack.
	freeExpansion = 256 << 20
)

var errExpansion = errors.New("gzip makes too much of it")

// counter counts what is read from a stream.
type counter struct {
	r io.Reader
	n int64
}

func (c *counter) Read(b []byte) (int, error) {
	n, err := c.r.Read(b)
	c.n += int64(n)
	return n, err
}

// expansion reads gzip and fails when out of proportion much comes out of it.
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
		return 0, fmt.Errorf("%w: %d bytes of %d, more than %d-fold", errExpansion, e.out, e.compressed.n, maxExpansion)
	}
	return n, err
}
