package demo

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"syscall"

	"github.com/beamlytics/streamlytics/config"
)

// Run plays a demo with valid options on stdout until ctx ends, the duration is over or something
// fails, and ends with the summary. The log goes to stderr. A second SIGINT or SIGTERM ends the
// process at once. Run must be called once in a process, because it sets the temporary folder and
// the log of the process.
func Run(ctx context.Context, o Options, log config.Log, stdout, stderr *os.File) error {
	d, err := New(ctx, o, stdout, stderr)
	if err != nil {
		return err
	}
	if err := os.Setenv("TMPDIR", d.TempDir()); err != nil {
		return errors.Join(fmt.Errorf("set the temporary folder: %w", err), d.Abandon())
	}
	signal.Ignore(syscall.SIGPIPE) // a write to a pipe that is closed ends the demo by its error
	line := d.pipelineOptions()
	line.Log = log
	slog.SetDefault(slog.New(line.NewLogHandler(d.Log())))
	signals := make(chan os.Signal, 1)
	context.AfterFunc(ctx, func() { signal.Notify(signals, os.Interrupt, syscall.SIGTERM) })
	go func() {
		<-signals
		if err := d.Abandon(); err != nil {
			fmt.Fprintln(stderr, "streamlytics:", err)
		}
		os.Exit(130)
	}()
	return d.Run(ctx)
}
