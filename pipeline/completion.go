package pipeline

import (
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"
)

// ErrInterrupted is how a run over bounded input ends that was told to stop before that was read and written.
var ErrInterrupted = errors.New("interrupted before the input was done")

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
	begun := p.begun.Load()
	switch {
	case drained == nil && begun && p.filesRead():
		p.completion.finish()
		return nil
	case !p.plan.bounded():
		if begun && !p.filesRead() {
			slog.Warn("stopped before the files were read to their end", "files", p.howFar())
		}
		return drained
	case !begun:
		return fmt.Errorf("%w: nothing was read", ErrInterrupted)
	}
	how := fmt.Sprintf("%s, %d events, %d of %d lines done", p.howFar(), p.env.Metrics.Decoded(), p.env.Tracker.Acked(),
		p.env.Tracker.Acked()+p.env.Tracker.Outstanding())
	if drained != nil {
		return fmt.Errorf("%w: %s; %w", ErrInterrupted, how, drained)
	}
	return fmt.Errorf("%w: %s; all of it is written, and the same command again goes through all files", ErrInterrupted, how)
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
