package main

import (
	"context"
	"errors"
	"os"

	"github.com/spf13/cobra"

	"github.com/beamlytics/streamlytics/config"
	"github.com/beamlytics/streamlytics/pipeline"
)

func (cs *commands) check() *cobra.Command {
	o := pipeline.DefaultOptions()
	var check pipeline.CheckOptions
	set := o.Set(check.Flags())
	return cs.withFlags(&cobra.Command{
		Use:   "check [flags of run]",
		Short: "Validate the options and what they name, without starting anything",
		Long: "Check validates all options of the pipeline, connects to Redis, Pub/Sub and BigQuery, and prints a line for each\n" +
			"thing that a run needs. It changes nothing. The exit code is 1 if one fails.\n" +
			"With --sample it prints the events or the refusals that each line of a file would become.",
		Example: `  streamlytics check --config=streamlytics.yaml
  streamlytics check --config=streamlytics.yaml --print_config
  streamlytics check --sample=sales.jsonl --format=pos`,
	}, set, func(ctx context.Context, args []string, problems error) error {
		problems = errors.Join(problems, o.Complete(set, args), check.Validate(set))
		setLog(o.Log, o.NewLogHandler(os.Stderr))
		return runCheck(ctx, o, check, set, problems)
	})
}

func runCheck(ctx context.Context, o pipeline.Options, check pipeline.CheckOptions, set *config.Set, problems error) error {
	if check.PrintConfig {
		return errors.Join(set.Print(os.Stdout), invalid(problems, o.Validate(ctx)))
	}
	return nil
}
