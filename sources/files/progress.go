package files

import (
	"sync/atomic"

	"github.com/beamlytics/streamlytics/internal/process"
)

// Progress counts the bytes read of the files that are read once. It is safe for concurrent use.
type Progress struct {
	read, total atomic.Int64
}

// ProgressOf returns the progress of a pipeline.
func ProgressOf(env *process.Env) *Progress {
	p, _ := process.Shared(env, "progress of files", func() (*Progress, error) { return &Progress{}, nil })
	return p
}

// Read returns the number of bytes read and the total. Bytes are counted as stored, those of gzip
// compressed. The total is 0 before Measure has returned; read never exceeds a total that is not 0.
func (p *Progress) Read() (read, total int64) {
	read, total = p.read.Load(), p.total.Load()
	if total > 0 {
		read = min(read, total)
	}
	return read, total
}

// Measure sets the total to the sum of the files' sizes.
func (p *Progress) Measure(files []File) {
	total := int64(0)
	for _, f := range files {
		total += f.Size
	}
	p.total.Store(total)
}
