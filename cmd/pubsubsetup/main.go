// Pubsubsetup creates topics and subscriptions for the pipeline. setup_pubsub.sh runs it.
// `pubsubsetup --help` lists its flags.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/beamlytics/streamlytics/tools/pubsub/setup"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "setup_pubsub:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	options, err := setup.ParseOptions(os.Args[1:], os.Stdout)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return nil
	case err != nil:
		return fmt.Errorf("invalid options:\n%w", err)
	}
	return setup.Run(ctx, options, os.Stdout, os.Stderr)
}
