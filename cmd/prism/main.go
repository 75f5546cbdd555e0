// Command prism is Beam's runner Prism, of the version that streamlytics is built with, as a process of its own:
//
//	prism --job_port=8073 &
//	streamlytics --endpoint=localhost:8073 ...
//
// It serves the processes of this machine only. Its first line of output is its address; it serves until SIGINT or SIGTERM.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"syscall"

	"github.com/beamlytics/streamlytics/internal/maxprocs"
	"github.com/beamlytics/streamlytics/pipeline"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	switch {
	case errors.Is(err, flag.ErrHelp):
	case err != nil:
		fmt.Fprintln(os.Stderr, "prism:", err)
		os.Exit(1)
	}
}

// run serves until the context ends.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	flags := flag.NewFlagSet("prism", flag.ContinueOnError)
	flags.SetOutput(stderr)
	port := flags.Uint("job_port", 8073, "`port` to listen on; 0 takes a free one")
	var level slog.Level
	flags.TextVar(&level, "log_level", slog.LevelWarn, "what is logged: `level` DEBUG, INFO, WARN or ERROR; DEBUG prints what passes through, messages included")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if flags.NArg() > 0 {
		return fmt.Errorf("unexpected argument %q", flags.Arg(0))
	}
	if *port > 65535 {
		return fmt.Errorf("--job_port: %d is no port", *port)
	}
	slog.SetDefault(slog.New(slog.NewTextHandler(stderr, &slog.HandlerOptions{Level: level})))
	maxprocs.Raise()
	return pipeline.ServePrism(ctx, int(*port), func(addr string) { fmt.Fprintf(stdout, "--endpoint=%s\n", addr) })
}
