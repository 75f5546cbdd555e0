package pipeline

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"regexp"
	"runtime"
	"strings"

	"github.com/beamlytics/streamlytics/sources/pubsub/dial"
)

// NewLogHandler returns the handler of the program's log. Except with --log_level=DEBUG it drops
// lines of Beam below WARN, and shortens those of Prism and of Beam's SDK. It drops lines about a
// bundle or job that failed, because the program ends with the cause, and cuts other texts of
// several lines to the cause. With --dry_run it drops nothing, because Beam logs the job at INFO.
func (o Options) NewLogHandler(out io.Writer) slog.Handler {
	all := o.Log.NewHandler(out)
	if o.Log.Level <= slog.LevelDebug || valueOf("dry_run") == "true" {
		return all
	}
	return runnerLog{all}
}

// runnerLog shortens the lines of Beam, and drops those below WARN.
type runnerLog struct{ slog.Handler }

// ofFailedBundle matches what Prism and the SDK log of a bundle or job that has failed.
var ofFailedBundle = regexp.MustCompile(
	`(?i)process bundle failed|bundle error|^bundle failed|^job failed|bundle \S+ \S+ failed`)

// Handle implements slog.Handler.
func (h runnerLog) Handle(ctx context.Context, r slog.Record) error {
	if !fromBeam(r.PC) {
		return h.Handler.Handle(ctx, r)
	}
	if r.Level < slog.LevelWarn || ofFailedBundle.MatchString(r.Message) {
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

// fromBeam reports whether a line was logged by Beam's code, or through package log, which records
// no caller. This program does not use package log.
func fromBeam(pc uintptr) bool {
	frame, _ := runtime.CallersFrames([]uintptr{pc}).Next()
	return frame.Function == "" || strings.HasPrefix(frame.Function, "github.com/apache/beam/")
}

// failure returns an error of the runner with its cause as the text, on one line. Other errors keep
// their text.
func failure(err error) error {
	if err == nil {
		return nil
	}
	return &summarised{cause(err.Error()), err}
}

// summarised is an error whose text is a part of that of the error it wraps.
type summarised struct {
	text string
	err  error
}

func (e *summarised) Error() string { return e.text }
func (e *summarised) Unwrap() error { return e.err }

var (
	// dofnFailed matches the text in front of the error that a DoFn returned.
	dofnFailed = regexp.MustCompile(`DoFn\[UID:[^\]]*\] failed:\n`)
	// panicked matches the first line of a panic in a DoFn; its stack follows.
	panicked = regexp.MustCompile(`panic: [^\n]*`)
	// planDump begins the plan of a bundle.
	planDump = "while executing "
)

// cause returns the cause in a text of the runner, on one line. The runner sends an error as a text
// in which the error of the DoFn comes last, behind the plan of the bundle, once for each layer
// that it passed. A text of one line is returned as it is.
func cause(text string) string {
	if !strings.Contains(text, "\n") {
		return text
	}
	if at := dofnFailed.FindAllStringIndex(text, -1); at != nil {
		return oneLine(text[at[len(at)-1][1]:])
	}
	if p := panicked.FindString(text); p != "" {
		return oneLine(p) + " (a fault of this program; --log_level=DEBUG shows where)"
	}
	if head, _, ok := strings.Cut(text, planDump); ok {
		return oneLine(head) + " (--log_level=DEBUG shows all)"
	}
	return oneLine(text)
}

// oneLine joins the lines of a text with semicolons.
func oneLine(text string) string {
	var lines []string
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); line != "" {
			lines = append(lines, line)
		}
	}
	return strings.Join(lines, "; ")
}

// hinted adds a hint to an error about missing credentials of Google that has none.
func hinted(err error) error {
	if err == nil || !strings.Contains(err.Error(), "could not find default credentials") ||
		strings.Contains(err.Error(), dial.NoCredentials) {
		return err
	}
	return fmt.Errorf("%w (%s)", err, dial.NoCredentials)
}
