// Composecheck reads a compose file as Docker Compose does, with Compose's own loader: it holds the file against the schema, fills in
// variables and defaults, and refuses what does not fit together, such as a service that depends on one that is not there. It prints
// the project that comes of it as JSON. It is a module of its own, so that the loader's dependencies are not the product's.
package main

import (
	"context"
	"fmt"
	"os"

	"github.com/compose-spec/compose-go/v2/cli"
)

func main() {
	if err := run(context.Background(), os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "composecheck:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	if len(args) != 1 {
		return fmt.Errorf("give one compose file, not %q", args)
	}
	options, err := cli.NewProjectOptions(args, cli.WithName("composecheck"), cli.WithConsistency(true), cli.WithResolvedPaths(true))
	if err != nil {
		return fmt.Errorf("read %s: %w", args[0], err)
	}
	project, err := options.LoadProject(ctx)
	if err != nil {
		return fmt.Errorf("read %s: %w", args[0], err)
	}
	text, err := project.MarshalJSON()
	if err != nil {
		return fmt.Errorf("print %s: %w", args[0], err)
	}
	fmt.Println(string(text))
	return nil
}
