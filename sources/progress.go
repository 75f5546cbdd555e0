package sources

import (
	"context"
	"fmt"
	"sync/atomic"

	"github.com/apache/beam/sdks/v2/go/pkg/beam/io/filesystem"
	"golang.org/x/sync/errgroup"

	"github.com/beamlytics/streamlytics/internal/process"
)

// sizesAtOnce is how many sizes are asked for at the same time: of an object in gs://, each is a request.
const sizesAtOnce = 32

// Progress is how many bytes of the files that are read once have been read. It is safe for concurrent use.
type Progress struct {
	read, total atomic.Int64
}

// ProgressOf returns the progress of a pipeline.
func ProgressOf(env *process.Env) *Progress {
	p, _ := process.Shared(env, "progress of files", func() (*Progress, error) { return &Progress{}, nil })
	return p
}

// Read returns how many bytes have been read, of how many. Bytes are counted as they are stored, of gzip compressed. The total is 0
// before Measure has returned. Read never exceeds a total that is known.
func (p *Progress) Read() (read, total int64) {
	read, total = p.read.Load(), p.total.Load()
	if total > 0 {
		read = min(read, total)
	}
	return read, total
}

// Measure adds up the sizes of the files, which becomes the total.
func (p *Progress) Measure(ctx context.Context, files []File) error {
	var sum atomic.Int64
	sizes, ctx := errgroup.WithContext(ctx)
	sizes.SetLimit(sizesAtOnce)
	for _, f := range files {
		sizes.Go(func() error {
			fs, err := filesystem.New(ctx, f.Path)
			if err != nil {
				return fmt.Errorf("open the file system of %s: %w", f.Path, err)
			}
			defer fs.Close()
			n, err := fs.Size(ctx, f.Path)
			if err != nil {
				return fmt.Errorf("find the size of %s: %w", f.Path, err)
			}
			sum.Add(n)
			return nil
		})
	}
	if err := sizes.Wait(); err != nil {
		return err
	}
	p.total.Store(sum.Load())
	return nil
}
