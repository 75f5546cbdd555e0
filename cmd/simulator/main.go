// Simulator publishes the events of a simulated retailer to Pub/Sub, without end or for a given
// time, and can compare the stock in Redis with the truth. `simulator --help` lists its flags.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/redis/go-redis/v9/logging"

	"github.com/beamlytics/streamlytics/tools/simulate"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends it at once
	if err := run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "simulator:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	options, err := simulate.ParseOptions(os.Args[1:], os.Stdout)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return nil
	case err != nil:
		return fmt.Errorf("invalid options:\n%w", err)
	}
	logging.Disable() // go-redis logs every failed dial
	return simulate.Run(ctx, options, os.Stdout)
}
