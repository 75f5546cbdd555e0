package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"strings"

	"github.com/spf13/cobra"

	"github.com/beamlytics/streamlytics/config"
)

// invalidError lists the options that are invalid.
type invalidError struct{ err error }

func (e *invalidError) Error() string { return "invalid options:\n" + e.err.Error() }
func (e *invalidError) Unwrap() error { return e.err }

// invalid returns an error that lists invalid options, and nil if there are none.
func invalid(errs ...error) error {
	if err := errors.Join(errs...); err != nil {
		return &invalidError{err}
	}
	return nil
}

// commands makes the commands of the program. Package config parses their options and lists all
// that is wrong in one error; cobra finds the command, shows help and completes words.
type commands struct {
	sets map[*cobra.Command]*config.Set
}

// withFlags makes a command parse its flags by set. run executes the command; problems is what is
// wrong with the flags.
func (cs *commands) withFlags(c *cobra.Command, set *config.Set,
	run func(ctx context.Context, args []string, problems error) error) *cobra.Command {
	cs.sets[c] = set
	c.DisableFlagParsing = true
	c.ValidArgsFunction = func(_ *cobra.Command, _ []string, word string) ([]string, cobra.ShellCompDirective) {
		completions := set.Complete(word)
		directive := cobra.ShellCompDirectiveDefault // files, where there is no completion
		for _, c := range completions {
			if name, _, _ := strings.Cut(c, "\t"); strings.HasSuffix(name, "=") {
				directive = cobra.ShellCompDirectiveNoSpace // the value follows
			}
		}
		return completions, directive
	}
	c.RunE = func(c *cobra.Command, args []string) error {
		rest, err := set.Parse(args, os.Environ())
		if errors.Is(err, config.ErrHelp) {
			return c.Help()
		}
		return run(c.Context(), rest, err)
	}
	return c
}

// tool makes a command that is configured by o and logs to stderr.
func (cs *commands) tool(c *cobra.Command, o config.Options, run func(ctx context.Context) error) *cobra.Command {
	log := config.DefaultLog(slog.LevelWarn)
	return cs.logging(c, o, &log, run)
}

// logging makes a command that is configured by o and by log.
func (cs *commands) logging(c *cobra.Command, o config.Options, log *config.Log,
	run func(ctx context.Context) error) *cobra.Command {
	set := config.NewSet(append(o.Flags(), log.Flags())...)
	return cs.withFlags(c, set, func(ctx context.Context, args []string, problems error) error {
		if err := invalid(problems, o.Validate(set, args)); err != nil {
			return err
		}
		*log = log.For(os.Stderr)
		slog.SetDefault(slog.New(log.NewHandler(os.Stderr)))
		return run(ctx)
	})
}

// group makes a command of other commands.
func group(c *cobra.Command, members ...*cobra.Command) *cobra.Command {
	c.AddCommand(members...)
	c.SuggestionsMinimumDistance = 2
	c.Args, c.DisableFlagParsing = cobra.ArbitraryArgs, true // RunE reports arguments
	c.RunE = func(c *cobra.Command, args []string) error {
		if len(args) == 0 || args[0] == "--help" || args[0] == "-h" {
			return c.Help()
		}
		return unknownCommand(c, args[0])
	}
	return c
}

// unknownCommand returns the error for a command that a group does not have.
func unknownCommand(group *cobra.Command, name string) error {
	err := fmt.Errorf("unknown command %q for %q", name, group.CommandPath())
	if near := group.SuggestionsFor(name); len(near) > 0 {
		err = fmt.Errorf("%w; did you mean %s?", err, strings.Join(near, " or "))
	}
	return err
}

// helpCommand returns the command that prints the help of another.
func helpCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "help [COMMAND]...",
		Short: "Print the help of a command",
		RunE: func(c *cobra.Command, args []string) error {
			found, rest, err := c.Root().Find(args)
			if err == nil && len(rest) > 0 {
				err = unknownCommand(found, rest[0])
			}
			if err != nil {
				return err
			}
			return found.Help()
		},
	}
}

// endAtOnce lets a signal end the process at once, for commands that have nothing to finish and may
// wait for input.
func endAtOnce() { signal.Reset(endSignals...) }

// tolerateEachOther lets each command skip the options of the others in the file and in the
// environment: one file serves all commands.
func (cs *commands) tolerateEachOther() {
	var names []string
	for _, set := range cs.sets {
		names = append(names, set.Names()...)
	}
	for _, set := range cs.sets {
		set.Tolerate(names)
	}
}

// printHelp prints the help of a command.
func printHelp(c *cobra.Command, set *config.Set) {
	var b strings.Builder
	text := c.Long
	if text == "" {
		text = c.Short + "."
	}
	fmt.Fprintf(&b, "%s\n\nUsage:\n  %s\n", text, usageOf(c))
	if c.Example != "" {
		fmt.Fprintf(&b, "\nExamples:\n%s\n", strings.TrimRight(c.Example, "\n"))
	}
	if c.HasAvailableSubCommands() {
		b.WriteString("\nCommands:\n")
		for _, sub := range c.Commands() {
			if sub.IsAvailableCommand() {
				fmt.Fprintf(&b, "  %-12s %s\n", sub.Name(), sub.Short)
			}
		}
		fmt.Fprintf(&b, "\n%s COMMAND --help describes a command.\n", c.CommandPath())
	}
	if set != nil {
		b.WriteString("\nEach option is a flag, a variable of the environment (--log_level is\n" +
			"STREAMLYTICS_LOG_LEVEL) and a key of the file that --config names (log_level). A flag beats the\n" +
			"environment, and the environment beats the file.\n")
		if err := set.Help(&b); err != nil {
			panic(err) // a strings.Builder does not fail
		}
	}
	fmt.Fprint(c.OutOrStdout(), b.String())
}

// usageOf returns the line that shows how a command is called.
func usageOf(c *cobra.Command) string {
	if c.HasParent() {
		return c.Parent().CommandPath() + " " + c.Use
	}
	return c.Use
}
