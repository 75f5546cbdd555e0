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

// SetupWorker sends the logs of a process that a runner started as its worker to the runner. It does
// nothing in other processes. Call it after ParseFlags and before beam.Init, which does not return
// in a worker.
func SetupWorker() {
	if valueOf("worker") == "true" {
		logToRunner(workerLogLevel)
	}
}

// workerLogLevel returns the --log_level with which the job was submitted.
func workerLogLevel() slog.Level {
	level := DefaultOptions().LogLevel
	if given := beam.PipelineOptions.Get("log_level"); given != "" {
		if err := level.UnmarshalText([]byte(given)); err != nil {
			return DefaultOptions().LogLevel
		}
	}
	return level
}

// frames is how many calls are between a call of slog's functions and Handle's call of Beam's log: the runner shows where a line is from.
const frames = 3

// logToRunner makes slog's default log by way of Beam, to the runner, which shows it with the job: on Dataflow with its level, worker,
// step and bundle, in Cloud Logging. It is for a process that is a worker, before Beam's harness runs. What is logged until the
// harness is connected goes to stderr. level says which is the least level; it is asked each time, because a worker
// learns its options after it has started.
func logToRunner(level func() slog.Level) {
	log.SetLogger(untilConnected{}) // Beam's own passes on to slog, in a circle
	slog.SetDefault(slog.New(newRunnerHandler(level)))
}

type untilConnected struct{}

func (untilConnected) Log(_ context.Context, _ log.Severity, _ int, msg string) {
	fmt.Fprintln(os.Stderr, msg)
}

// runnerHandler writes a record as one line of text: the message, then the attributes as slog's text handler has them.
type runnerHandler struct {
	level func() slog.Level
	with  func(*strings.Builder) slog.Handler // makes the text of the attributes
}

func newRunnerHandler(level func() slog.Level) *runnerHandler {
	return &runnerHandler{level: level, with: func(b *strings.Builder) slog.Handler {
		return slog.NewTextHandler(b, &slog.HandlerOptions{Level: slog.Level(-1 << 10), ReplaceAttr: withoutBuiltins})
	}}
}

// withoutBuiltins leaves out what the runner has beside the line.
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
	return &runnerHandler{level: h.level, with: func(b *strings.Builder) slog.Handler { return h.with(b).WithAttrs(attrs) }}
}

func (h *runnerHandler) WithGroup(name string) slog.Handler {
	return &runnerHandler{level: h.level, with: func(b *strings.Builder) slog.Handler { return h.with(b).WithGroup(name) }}
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
