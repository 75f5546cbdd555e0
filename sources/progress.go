package sources

import (
	"sync/atomic"

	"github.com/beamlytics/streamlytics/internal/process"
)

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

// Measure adds up the sizes of the files, as they were when they were found, which becomes the total.
func (p *Progress) Measure(files []File) {
	total := int64(0)
	for _, f := range files {
		total += f.Size
	}
	p.total.Store(total)
}
