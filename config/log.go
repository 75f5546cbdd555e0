package config

import (
	"io"
	"log/slog"
	"os"

	"golang.org/x/term"
)

// The values of --log_format.
const (
	logAuto = "auto"
	logText = "text"
	logJSON = "json"
)

// Log is the options of the log, which all commands have.
type Log struct {
	Level  slog.Level // --log_level
	Format string     // --log_format
}

// DefaultLog returns the defaults of the flags, with a level.
func DefaultLog(level slog.Level) Log { return Log{Level: level, Format: logAuto} }

// Flags declares the flags that set the fields of l.
func (l *Log) Flags() Group {
	return Group{Name: "Logs", Flags: []Flag{
		{Name: "log_level", Var: &l.Level,
			Usage: "least `level` that is logged: DEBUG, INFO, WARN or ERROR; " +
				"DEBUG has the runner print what passes through it, messages included"},
		{Name: "log_format", Var: &l.Format, Choices: []string{logAuto, logText, logJSON},
			Usage: "format of the log's lines; auto is text on a terminal and json elsewhere"},
	}}
}

// For returns the options with the format that auto chooses for a log that is written to w.
func (l Log) For(w io.Writer) Log {
	if l.Format != logText && l.Format != logJSON {
		l.Format = logJSON
		if IsTerminal(w) {
			l.Format = logText
		}
	}
	return l
}

// IsJSON reports whether the lines are JSON. It must be called on what For returns.
func (l Log) IsJSON() bool { return l.Format == logJSON }

// IsTerminal reports whether w is a terminal.
func IsTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// NewHandler returns a handler that writes the log to w. Each line has time, level and msg. A line
// of JSON also has severity, the level under the name that Cloud Logging has for it: the logging
// agent of Google Kubernetes Engine takes the severity of an entry from there.
func (l Log) NewHandler(w io.Writer) slog.Handler {
	if !l.For(w).IsJSON() {
		return slog.NewTextHandler(w, &slog.HandlerOptions{Level: l.Level})
	}
	return slog.NewJSONHandler(w, &slog.HandlerOptions{Level: l.Level, ReplaceAttr: withSeverity})
}

// withSeverity replaces the level of a record by the level and the severity.
func withSeverity(groups []string, a slog.Attr) slog.Attr {
	level, ok := a.Value.Any().(slog.Level)
	if !ok || len(groups) > 0 || a.Key != slog.LevelKey {
		return a
	}
	severity := "DEBUG"
	switch {
	case level >= slog.LevelError:
		severity = "ERROR"
	case level >= slog.LevelWarn:
		severity = "WARNING"
	case level >= slog.LevelInfo:
		severity = "INFO"
	}
	// A group without a name stands for its members.
	return slog.Attr{Value: slog.GroupValue(slog.String(slog.LevelKey, level.String()),
		slog.String("severity", severity))}
}
