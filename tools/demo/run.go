package demo

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"syscall"
)

// Run plays a demo with valid options on stdout until ctx ends, the duration is over or something
// fails, and ends with the summary. A second SIGINT or SIGTERM ends the process at once. Run must
// be called once in a process, because it sets the temporary folder and the log of the process.
func Run(ctx context.Context, o Options, stdout, stderr *os.File) error {
	d, err := New(ctx, o, stdout, stderr)
	if err != nil {
		return err
	}
	if err := os.Setenv("TMPDIR", d.TempDir()); err != nil {
		return errors.Join(fmt.Errorf("set the temporary folder: %w", err), d.Abandon())
	}
	slog.SetDefault(slog.New(slog.NewTextHandler(d.Log(), &slog.HandlerOptions{Level: slog.LevelWarn})))
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
