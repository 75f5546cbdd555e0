// Localpubsub serves Google Cloud Pub/Sub from memory, for work without a network:
//
//	localpubsub --addr=127.0.0.1:8085 --project=shop --create=sales:sales-a,views:views-a
//
// Its first line of output is the variable for the environment of its clients,
// PUBSUB_EMULATOR_HOST=127.0.0.1:8085. It serves until SIGINT or SIGTERM.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/beamlytics/streamlytics/tools/pubsub/localpubsub"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	switch {
	case errors.Is(err, flag.ErrHelp):
	case err != nil:
		fmt.Fprintln(os.Stderr, "localpubsub:", err)
		os.Exit(1)
	}
}

// run serves until the context ends.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	flags := flag.NewFlagSet("localpubsub", flag.ContinueOnError)
	flags.SetOutput(stderr)
	addr := flags.String("addr", "127.0.0.1:8085", "host and port to listen on; port 0 takes a free one")
	project := flags.String("project", "local", "project of what --create creates")
	create := flags.String("create", "",
		"topics and subscriptions to create, as topic:subscription or topic alone, separated by commas")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if flags.NArg() > 0 {
		return fmt.Errorf("unexpected argument %q", flags.Arg(0))
	}
	server, err := localpubsub.Start(localpubsub.Options{Addr: *addr})
	if err != nil {
		return err
	}
	defer server.Close()
	if err := server.Create(*project, *create); err != nil {
		return fmt.Errorf("--create: %w", err)
	}
	if _, err := fmt.Fprintf(stdout, "PUBSUB_EMULATOR_HOST=%s\n", server.Addr()); err != nil {
		return fmt.Errorf("print the address: %w", err)
	}
	<-ctx.Done()
	return nil
}
