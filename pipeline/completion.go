package pipeline

import (
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"
)

// ErrInterrupted is how a run over bounded input ends that was told to stop before it was read to its end.
var ErrInterrupted = errors.New("interrupted before the input was read to its end")

// completion is whether the bounded input is done. It is safe for concurrent use.
type completion struct {
	mu   sync.Mutex
	done bool
	read bool  // every file is read to its end
	mark int64 // the last token that was open then
}

// finish notes that everything is done.
func (c *completion) finish() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.done = true
}

// complete reports whether every file that is read once was read to its end and all that came of it is written. Beside input without
// end that can be so while the pipeline runs; without such files it is so after a drain that left nothing unfinished.
func (p *Pipeline) complete() bool {
	c := &p.completion
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.done || p.plan.bounded() || len(p.plan.files) == 0 || !p.filesRead() {
		return c.done
	}
	if !c.read {
		c.read, c.mark = true, p.env.Tracker.Last()
	}
	c.done = p.env.Tracker.DoneUpTo(c.mark)
	return c.done
}

// filesRead reports whether every file that is read once is read to its end.
func (p *Pipeline) filesRead() bool { return p.env.FilesRead() >= int64(len(p.plan.files)) }

// interrupted is the end of a run that was told to stop, with the error of its drain. Where the input has no end, stopping is how it
// ends.
func (p *Pipeline) interrupted(drained error) error {
	if drained == nil && p.begun.Load() && p.filesRead() {
		p.completion.finish()
		return nil
	}
	if p.filesRead() {
		return drained
	}
	how := "nothing was read"
	if p.begun.Load() {
		how = fmt.Sprintf("%s, %d events", p.howFar(), p.env.Metrics.Decoded())
	}
	if !p.plan.bounded() {
		slog.Warn("stopped before the files were read to their end", "read", how)
		return drained
	}
	return errors.Join(fmt.Errorf("%w: %s; what was read is written, and the same command again goes through all of it", ErrInterrupted, how), drained)
}

// howFar is what of the files is read, for a person.
func (p *Pipeline) howFar() string {
	read, total := p.progress.Read()
	text := bytesOf(read)
	if total > 0 {
		percent := read * 100 / total
		if !p.filesRead() {
			percent = min(percent, 99) // reading is ahead of what goes on its way
		}
		text = fmt.Sprintf("%d%% of %s", percent, bytesOf(total))
	}
	return fmt.Sprintf("%s read (%d of %d files)", text, p.env.FilesRead(), len(p.plan.files))
}

// timeLeft is how long the rest of the files takes if it goes on as it did since the start; 0 while nobody can tell.
func (p *Pipeline) timeLeft(since time.Duration) time.Duration {
	read, total := p.progress.Read()
	if read == 0 || total == 0 {
		return 0
	}
	return time.Duration(float64(since) * float64(total-read) / float64(read)).Round(time.Second)
}

// bytesOf writes a number of bytes for a person.
func bytesOf(n int64) string {
	units := []string{"B", "kB", "MB", "GB", "TB"}
	value := float64(n)
	for _, unit := range units[:len(units)-1] {
		if value < 1000 {
			if unit == "B" {
				return fmt.Sprintf("%d B", n)
			}
			return fmt.Sprintf("%.1f %s", value, unit)
		}
		value /= 1000
	}
	return fmt.Sprintf("%.1f TB", value)
}
