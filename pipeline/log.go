package pipeline

import (
	"context"
	"io"
	"log/slog"
	"regexp"
	"runtime"
	"strings"
)

// NewLogHandler returns what the program logs with. Below --log_level=DEBUG, the lines of the runner and of Beam's SDK are kept short:
// those about a bundle or job that failed are left out, because the program ends with the cause, and of the others each text that has
// several lines is cut to the part that a person needs. A job that is submitted to Dataflow is logged as Beam writes it.
func (o Options) NewLogHandler(out io.Writer) slog.Handler {
	text := slog.NewTextHandler(out, &slog.HandlerOptions{Level: o.LogLevel})
	if o.LogLevel <= slog.LevelDebug || o.runnerKind() == dataflowRunner {
		return text
	}
	return runnerLog{text}
}

// runnerLog shortens what comes from Beam.
type runnerLog struct{ slog.Handler }

// ofFailedBundle matches what the runner and the SDK log of a bundle or job that has failed.
var ofFailedBundle = regexp.MustCompile(`(?i)process bundle failed|bundle error|^bundle failed|^job failed|bundle \S+ \S+ failed`)

func (h runnerLog) Handle(ctx context.Context, r slog.Record) error {
	if !fromBeam(r.PC) {
		return h.Handler.Handle(ctx, r)
	}
	if ofFailedBundle.MatchString(r.Message) {
		return nil
	}
	record := slog.NewRecord(r.Time, r.Level, cause(r.Message), r.PC)
	r.Attrs(func(a slog.Attr) bool {
		text := a.Value.Resolve().String()
		if short := cause(text); short != text {
			a.Value = slog.StringValue(short)
		}
		record.AddAttrs(a)
		return true
	})
	return h.Handler.Handle(ctx, record)
}

// WithAttrs implements slog.Handler.
func (h runnerLog) WithAttrs(attrs []slog.Attr) slog.Handler {
	return runnerLog{h.Handler.WithAttrs(attrs)}
}

// WithGroup implements slog.Handler.
func (h runnerLog) WithGroup(name string) slog.Handler { return runnerLog{h.Handler.WithGroup(name)} }

// fromBeam reports whether a line was logged by Beam's code.
func fromBeam(pc uintptr) bool {
	frame, _ := runtime.CallersFrames([]uintptr{pc}).Next()
	return strings.HasPrefix(frame.Function, "github.com/apache/beam/")
}
