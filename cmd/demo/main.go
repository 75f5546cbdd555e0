// Demo runs Streamlytics in one process: a simulated retailer, Pub/Sub, the pipeline on Prism,
// Redis, and a live view of what a storefront shows, compared with the truth. `demo --help` lists
// its flags.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/redis/go-redis/v9/logging"

	"github.com/beamlytics/streamlytics/internal/process"
	"github.com/beamlytics/streamlytics/tools/demo"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "demo:", err)
		os.Exit(1)
	}
}

func run() error {
	options, err := demo.ParseOptions(os.Args[1:], os.Stdout, time.Now())
	switch {
	case errors.Is(err, flag.ErrHelp):
		return nil
	case err != nil:
		return fmt.Errorf("invalid options:\n%w", err)
	}
	beam.Init()
	logging.Disable() // go-redis logs every failed dial
	process.RaiseMaxProcs()
	ctx, drain := context.WithCancel(context.Background())
	defer drain()
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	d, err := demo.New(ctx, options, os.Stdout, os.Stderr)
	if err != nil {
		return err
	}
	if err := os.Setenv("TMPDIR", d.TempDir()); err != nil {
		return errors.Join(fmt.Errorf("set the temporary folder: %w", err), d.Abandon())
	}
	slog.SetDefault(slog.New(slog.NewTextHandler(d.Log(), &slog.HandlerOptions{Level: slog.LevelWarn})))
	go func() {
		<-signals
		drain()
		<-signals // once more: at once
		if err := d.Abandon(); err != nil {
			fmt.Fprintln(os.Stderr, "demo:", err)
		}
		os.Exit(130)
	}()
	return d.Run(ctx)
}
