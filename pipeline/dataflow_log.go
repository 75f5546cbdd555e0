package pipeline

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"strings"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/log"
)

// SetupWorker sends the logs of a process that a runner started as its worker to the runner. It
// does nothing in other processes. Call it after Parse and before beam.Init, which does not return
// in a worker.
func SetupWorker() {
	if valueOf("worker") == "true" {
		logToRunner(workerLogLevel)
	}
}

// workerLogLevel returns the --log_level with which the job was submitted.
func workerLogLevel() slog.Level {
	level := DefaultOptions().Log.Level
	if given := beam.PipelineOptions.Get("log_level"); given != "" {
		if err := level.UnmarshalText([]byte(given)); err != nil {
			return DefaultOptions().Log.Level
		}
	}
	return level
}

// frames is the number of calls between slog's functions and Handle's call of Beam's log. The
// runner shows the line of code behind them.
const frames = 3

// logToRunner makes slog's default logger write to the runner through Beam. Dataflow shows a line
// in Cloud Logging with its level, worker, step and bundle. Call it in a worker before Beam's
// harness runs; lines before the harness is connected go to stderr. level returns the least level,
// and is called for each line, because a worker gets its options after it has started.
func logToRunner(level func() slog.Level) {
	log.SetLogger(untilConnected{}) // Beam's own logger writes to slog, which would be a circle
	slog.SetDefault(slog.New(newRunnerHandler(level)))
}

type untilConnected struct{}

func (untilConnected) Log(_ context.Context, _ log.Severity, _ int, msg string) {
	fmt.Fprintln(os.Stderr, msg)
}

// runnerHandler writes a record as one line of text: the message, then the attributes as slog's
// text handler writes them.
type runnerHandler struct {
	level func() slog.Level
	with  func(*strings.Builder) slog.Handler // writes the attributes as text
}

func newRunnerHandler(level func() slog.Level) *runnerHandler {
	return &runnerHandler{level: level, with: func(b *strings.Builder) slog.Handler {
		return slog.NewTextHandler(b, &slog.HandlerOptions{Level: slog.Level(-1 << 10), ReplaceAttr: withoutBuiltins})
	}}
}

// withoutBuiltins drops the attributes that the runner shows beside the line.
func withoutBuiltins(groups []string, a slog.Attr) slog.Attr {
	if len(groups) == 0 && (a.Key == slog.TimeKey || a.Key == slog.LevelKey || a.Key == slog.MessageKey) {
		return slog.Attr{}
	}
	return a
}

func (h *runnerHandler) Enabled(_ context.Context, level slog.Level) bool { return level >= h.level() }

func (h *runnerHandler) Handle(ctx context.Context, r slog.Record) error {
	var attrs strings.Builder
	if err := h.with(&attrs).Handle(ctx, r); err != nil {
		return fmt.Errorf("write the attributes of a log line: %w", err)
	}
	line := r.Message
	if text := strings.TrimSpace(attrs.String()); text != "" {
		line += " " + text
	}
	log.Output(ctx, severity(r.Level), frames, line)
	return nil
}

func (h *runnerHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return &runnerHandler{level: h.level,
		with: func(b *strings.Builder) slog.Handler { return h.with(b).WithAttrs(attrs) }}
}

func (h *runnerHandler) WithGroup(name string) slog.Handler {
	return &runnerHandler{level: h.level,
		with: func(b *strings.Builder) slog.Handler { return h.with(b).WithGroup(name) }}
}

func severity(level slog.Level) log.Severity {
	switch {
	case level >= slog.LevelError:
		return log.SevError
	case level >= slog.LevelWarn:
		return log.SevWarn
	case level >= slog.LevelInfo:
		return log.SevInfo
	}
	return log.SevDebug
}
