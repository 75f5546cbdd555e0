package localpubsub

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"

	"github.com/beamlytics/streamlytics/config"
)

// Command configures a server that is run from the command line.
type Command struct {
	addr    string
	project string
	create  string
}

// DefaultCommand returns the defaults of the flags.
func DefaultCommand() Command { return Command{addr: "127.0.0.1:8085", project: "local"} }

// Flags declares the flags that set the fields of c.
func (c *Command) Flags() []config.Group {
	return []config.Group{{Name: "Server", Flags: []config.Flag{
		{Name: "addr", Var: &c.addr, Usage: "`host:port` to listen on; port 0 is a free one"},
		{Name: "project", Var: &c.project, Usage: "`project` of what --create creates"},
		{Name: "create", Var: &c.create,
			Usage: "`topics` and subscriptions to create, as topic:subscription or topic alone, separated by commas"},
	}}}
}

// Validate returns an error that lists everything that is wrong with the options.
func (c *Command) Validate(set *config.Set, args []string) error {
	errs := []error{config.NoArguments(args)}
	if _, _, err := net.SplitHostPort(c.addr); err != nil {
		errs = append(errs, fmt.Errorf("%s: %q is not host:port", set.NameOf("addr"), c.addr))
	}
	if c.project == "" {
		errs = append(errs, fmt.Errorf("%s: is empty", set.NameOf("project")))
	}
	return errors.Join(errs...)
}

// Run serves until ctx ends. Its first line on out is the variable for the environment of clients,
// PUBSUB_EMULATOR_HOST=host:port.
func (c *Command) Run(ctx context.Context, out io.Writer) error {
	server, err := Start(Options{Addr: c.addr})
	if err != nil {
		return err
	}
	defer server.Close()
	if err := server.Create(c.project, c.create); err != nil {
		return fmt.Errorf("--create: %w", err)
	}
	if _, err := fmt.Fprintf(out, "PUBSUB_EMULATOR_HOST=%s\n", server.Addr()); err != nil {
		return fmt.Errorf("print the address: %w", err)
	}
	<-ctx.Done()
	return nil
}
