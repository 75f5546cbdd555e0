// Streamlytics runs the pipeline. `streamlytics --help` lists its flags.
package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"syscall"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/redis/go-redis/v9/logging"
	"golang.org/x/term"

	"github.com/beamlytics/streamlytics/internal/process"
	"github.com/beamlytics/streamlytics/pipeline"
)

// version is the release of this binary. The linker sets it (-X main.version=1.4.0).
var version = "dev"

// The exit codes beside 0, which docs/OPERATIONS.md describes. Go exits with 2 after a panic.
const (
	failed      = 1
	interrupted = 3
)

func main() {
	err := run()
	if err == nil {
		return
	}
	fmt.Fprintf(os.Stderr, "streamlytics: %v\n", err)
	if errors.Is(err, pipeline.ErrInterrupted) {
		os.Exit(interrupted)
	}
	os.Exit(failed)
}

func run() error {
	if len(os.Args) == 2 && os.Args[1] == "--version" {
		fmt.Println("streamlytics", version)
		return nil
	}
	options, err := pipeline.ParseFlags(os.Args[1:])
	if errors.Is(err, pipeline.ErrHelp) {
		fmt.Print(pipeline.Usage())
		return nil
	}
	logging.Disable() // go-redis logs every failed dial; the sinks log failures with their consequences
	pipeline.SetupWorker()
	beam.Init() // does not return in a process that a runner started as its worker

	slog.SetDefault(slog.New(options.NewLogHandler(os.Stderr)))
	process.RaiseMaxProcs()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	p, invalid := pipeline.New(ctx, options)
	if err := errors.Join(err, invalid); err != nil { // one message for the types and the values of flags
		if p != nil {
			err = errors.Join(err, p.Close())
		}
		return fmt.Errorf("invalid options:\n%w", err)
	}
	p.Notices = os.Stderr
	if term.IsTerminal(int(os.Stderr.Fd())) {
		p.Progress = os.Stderr
	}
	context.AfterFunc(ctx, stop) // a second signal ends the process at once
	err = p.Run(ctx)
	if line := p.Closing(); line != "" {
		fmt.Fprintln(os.Stderr, line)
	}
	return err
}
