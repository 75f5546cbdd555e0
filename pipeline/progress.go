package pipeline

import (
	"fmt"
	"log/slog"
	"math"
	"strings"
	"time"

	"github.com/beamlytics/streamlytics/internal/metrics"
)

// logStart logs what is read and written. It shows no secret: passwords are given by reference, and
// addresses cannot hold one.
func (p *Pipeline) logStart() {
	p.progress.Measure(p.plan.files)
	_, size := p.progress.Read()
	slog.Info("pipeline started", "inputs", strings.Join(p.inputs(size), ", "),
		"outputs", strings.Join(p.outputs(), ", "))
}

// inputs describes the input. size is that of the files that are read once.
func (p *Pipeline) inputs(size int64) (names []string) {
	for _, s := range p.plan.subscriptions {
		names = append(names, fmt.Sprintf("%s from %s", s.Channel, s.Name))
	}
	if len(names) > 0 && p.options.Emulator != "" {
		names[len(names)-1] += " (the emulator at " + p.options.Emulator + ")"
	}
	if n := len(p.plan.files); n > 0 {
		text := fmt.Sprintf("%d files", n)
		if n == 1 {
			text = p.plan.files[0].Path
		}
		if size > 0 {
			text += " (" + bytesOf(size) + ")"
		}
		names = append(names, text)
	}
	for _, w := range p.plan.watched {
		names = append(names, fmt.Sprintf("new files of %s, every %v", w.Globs, w.Poll))
	}
	return names
}

// outputs describes where the pipeline writes.
func (p *Pipeline) outputs() []string {
	names := []string{"Redis at " + p.options.Redis.Config().String()}
	switch dir := p.options.WarehouseDir; {
	case dir != "":
		names = append(names, "the folder "+dir)
	case p.options.BigQueryDataset == "":
		names = append(names, "dead letters to ./dead_letters")
	}
	if c, err := p.options.bigQuery(); err == nil && c.Enabled() {
		names = append(names, "BigQuery "+c.Project+"."+c.Dataset)
	}
	return names
}

// progress makes lines of progress. It is not safe for concurrent use.
type progress struct {
	p       *Pipeline
	started time.Time
	last    time.Time // of the last line
	decoded int64     // events up to the last line
}

// text returns a line of progress. Its rate is that since the last line.
func (l *progress) text() string {
	now := time.Now()
	m := l.p.env.Metrics
	decoded := m.Decoded()
	rate := float64(decoded-l.decoded) / max(now.Sub(l.last).Seconds(), 0.001)
	l.last, l.decoded = now, decoded
	line := fmt.Sprintf("%.0f events/s, %d in all, lag %d ms, outstanding %d, refused %d", rate, decoded,
		m.Lag.Load(), l.p.env.Tracker.Outstanding(), m.RefusedTotal())
	if len(l.p.plan.files) > 0 && !l.p.filesRead() {
		line = l.p.howFar() + ": " + line
		if left := l.p.timeLeft(now.Sub(l.started)); left > 0 {
			line += fmt.Sprintf(", %v left", left)
		}
	}
	return line
}

// howFar describes how much of the files is read.
func (p *Pipeline) howFar() string {
	read, total := p.progress.Read()
	text := bytesOf(read)
	if total > 0 {
		percent := read * 100 / total
		if !p.filesRead() {
			percent = min(percent, 99) // the last bytes are read before their lines are emitted
		}
		text = fmt.Sprintf("%d%% of %s", percent, bytesOf(total))
	}
	return fmt.Sprintf("%s read (%d of %d files)", text, p.env.FilesRead(), len(p.plan.files))
}

// timeLeft returns how long the rest of the files takes at the rate since the start. It is 0 while
// nothing is read or the size of the files is unknown.
func (p *Pipeline) timeLeft(since time.Duration) time.Duration {
	read, total := p.progress.Read()
	if read == 0 || total == 0 {
		return 0
	}
	return time.Duration(float64(since) * float64(total-read) / float64(read)).Round(time.Second)
}

// bytesOf formats a number of bytes with a decimal unit, such as 2.5 kB.
func bytesOf(n int64) string {
	if n < 1000 {
		return fmt.Sprintf("%d B", n)
	}
	value, units := float64(n)/1000, []string{"kB", "MB", "GB"}
	for _, unit := range units {
		if value < 1000 {
			return fmt.Sprintf("%.1f %s", value, unit)
		}
		value /= 1000
	}
	return fmt.Sprintf("%.1f TB", value)
}

// logEnd logs what the pipeline read, wrote and refused, and how long it took. It logs nothing where
// the job did not begin, and on Dataflow.
func (p *Pipeline) logEnd() {
	if !p.begun.Load() {
		return
	}
	acked, busy := p.env.Tracker.Acked(), p.env.Tracker.Busy()
	m, s := p.env.Metrics, p.Summary()
	attrs := []any{"messages", acked, "events", m.Decoded(), "refused", m.RefusedTotal(), "duplicates", s.Duplicates,
		"signals", m.Count(metrics.RedisWrites), "complete", s.Complete, "seconds", seconds(s.UptimeS)}
	if busy > 0 {
		attrs = append(attrs, "busy_seconds", seconds(busy.Seconds()),
			"messages_per_second", int64(float64(acked)/busy.Seconds()))
	}
	if len(p.plan.files) > 0 {
		attrs = append(attrs, "files", p.howFar())
	}
	if rss := metrics.Usage().PeakRSSBytes; rss > 0 {
		attrs = append(attrs, "peak_memory_mb", rss>>20)
	}
	slog.Info("pipeline ended", attrs...)
}

// seconds rounds a number of seconds to tenths.
func seconds(s float64) float64 { return math.Round(s*10) / 10 }
