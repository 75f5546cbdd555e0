package files

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"sync/atomic"

	"golang.org/x/sync/errgroup"

	"github.com/beamlytics/streamlytics/event"
	"github.com/beamlytics/streamlytics/sources"
)

// opensAtOnce is how many files Check opens at the same time.
const opensAtOnce = 16

// Check lists the files that match a comma-separated list of globs, and reads the beginning of
// each. It returns their number and size in bytes. The error is of the first file that cannot be
// opened or is no text. When ctx ends, the error is its cause with the number of files that were read.
func Check(ctx context.Context, globs string) (n int, size int64, err error) {
	s := &store{}
	defer func() { err = errors.Join(err, s.Close()) }()
	var entries []entry
	err = eachGlob(globs, func(glob string) error {
		found, err := s.list(ctx, glob)
		entries = append(entries, found...)
		return err
	})
	if err != nil {
		return 0, 0, err
	}
	var read atomic.Int64
	readers, opening := errgroup.WithContext(ctx)
	readers.SetLimit(opensAtOnce)
	for _, e := range entries {
		size += e.size
		readers.Go(func() error {
			if opening.Err() != nil {
				return fmt.Errorf("the beginnings of %d of %d files were read: %w",
					read.Load(), len(entries), context.Cause(opening))
			}
			defer read.Add(1)
			return readBeginning(ctx, s, e)
		})
	}
	return len(entries), size, readers.Wait()
}

// readBeginning returns an error for a file without access, and for one that is no text.
func readBeginning(ctx context.Context, s *store, e entry) error {
	if e.err != nil {
		return e.err
	}
	r, _, err := s.open(ctx, e)
	if err != nil {
		return err
	}
	defer r.Close()
	if err := readContent(&counter{r: r}).err; err != nil {
		return fmt.Errorf("read %s: %w", e.path, err)
	}
	return nil
}

// Lines returns the messages of the lines of a file, as a pipeline reads it, up to an error of
// reading. A path of - is stdin.
func Lines(ctx context.Context, f File, stdin io.Reader) iter.Seq2[event.Message, error] {
	return func(yield func(event.Message, error) bool) {
		s := &store{}
		defer func() { _ = s.Close() }() // it was only read
		r := io.NopCloser(stdin)
		if f.Path != "-" {
			var err error
			if r, _, err = s.open(ctx, entry{path: f.Path}); err != nil {
				yield(event.Message{}, err)
				return
			}
		}
		c := newCursor(f, r)
		defer c.Close()
		for {
			messages, err := c.next(sources.BundleMessages)
			if errors.Is(err, io.EOF) {
				return
			}
			if err != nil {
				yield(event.Message{}, err)
				return
			}
			for _, m := range messages {
				if !yield(m, nil) {
					return
				}
			}
		}
	}
}
