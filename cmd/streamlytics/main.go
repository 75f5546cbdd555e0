// Streamlytics reads POS, ECOM and WMS events and keeps stock and velocity signals in Redis.
// `streamlytics --help` lists its commands and options.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"runtime/debug"
	"strings"
	"syscall"

	"github.com/redis/go-redis/v9/logging"
	"github.com/spf13/cobra"

	"github.com/beamlytics/streamlytics/config"
	"github.com/beamlytics/streamlytics/pipeline"
)

// version is the release of this binary. The linker sets it (-X main.version=1.4.0).
var version = ""

// The exit codes beside 0, which docs/OPERATIONS.md describes. Go exits with 2 after a panic.
const (
	failed      = 1
	interrupted = 3
)

// endSignals ask the program to end.
var endSignals = []os.Signal{os.Interrupt, syscall.SIGTERM}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), endSignals...)
	context.AfterFunc(ctx, stop) // a second signal ends the process at once
	err := execute(ctx, os.Args[1:])
	stop()
	if err == nil {
		return
	}
	if _, logged := errors.AsType[*loggedError](err); !logged {
		fmt.Fprintln(os.Stderr, "streamlytics:", err)
	}
	if errors.Is(err, pipeline.ErrInterrupted) {
		os.Exit(interrupted)
	}
	os.Exit(failed)
}

// execute runs a command line.
func execute(ctx context.Context, args []string) error {
	logging.Disable() // go-redis logs every failed dial; the callers log failures with their consequences
	root := rootCommand()
	root.SetArgs(withCommand(args))
	return root.ExecuteContext(ctx)
}

// withCommand returns a command line with its command: flags alone are the pipeline, also where a
// shell asks for completions.
func withCommand(args []string) []string {
	if len(args) == 0 {
		return []string{"run"}
	}
	switch args[0] {
	case "--help", "-h":
		return args
	case "--version":
		return []string{"version"}
	case cobra.ShellCompRequestCmd, cobra.ShellCompNoDescRequestCmd:
		return append(args[:1:1], withCommandOfFlags(args[1:])...)
	}
	return withCommandOfFlags(args)
}

func withCommandOfFlags(args []string) []string {
	if len(args) > 0 && strings.HasPrefix(args[0], "-") {
		return append([]string{"run"}, args...)
	}
	return args
}

// rootCommand returns the program with all its commands.
func rootCommand() *cobra.Command {
	cs := &commands{sets: map[*cobra.Command]*config.Set{}}
	run := cs.run()
	root := group(&cobra.Command{
		Use:   "streamlytics [command] [flags]",
		Short: "Exact stock and velocity signals in Redis, from POS, ECOM and WMS events",
		Long: "Streamlytics reads POS, ECOM and WMS events from Pub/Sub or files and keeps stock and velocity\n" +
			"signals in Redis.\n" +
			"Flags without a command run the pipeline, as run does.",
		Example:       runExamples,
		SilenceErrors: true,
		SilenceUsage:  true,
	}, run, cs.demo(), cs.serve(), cs.check(), cs.deadLetters(), cs.replay(), cs.simulate(), cs.pubsub(),
		versionCommand())
	root.SetHelpCommand(helpCommand())
	root.SetHelpFunc(func(c *cobra.Command, _ []string) {
		set := cs.sets[c]
		if c == root {
			set = cs.sets[run] // flags alone are the pipeline
		}
		printHelp(c, set)
	})
	cs.tolerateEachOther()
	return root
}

func versionCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print the version",
		Args:  cobra.NoArgs,
		Run:   func(*cobra.Command, []string) { fmt.Println("streamlytics", versionOf()) },
	}
}

// versionOf returns the version that the linker set, or else that of the module, which go install
// records.
func versionOf() string {
	if version != "" {
		return version
	}
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" && info.Main.Version != "(devel)" {
		return strings.TrimPrefix(info.Main.Version, "v")
	}
	return "dev"
}
