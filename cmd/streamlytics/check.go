package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"

	"github.com/spf13/cobra"

	"github.com/beamlytics/streamlytics/pipeline"
)

func (cs *commands) check() *cobra.Command {
	o := pipeline.DefaultOptions()
	var check pipeline.CheckOptions
	set := o.Set(check.Flags())
	return cs.withFlags(&cobra.Command{
		Use:   "check [flags of run]",
		Short: "Validate the options and what they name, without starting anything",
		Long: "Check validates all options of the pipeline, connects to Redis, Pub/Sub and BigQuery, and\n" +
			"prints a line for each thing that a run needs. It changes nothing. The exit code is 1 if one fails.\n" +
			"With --sample it prints the events or the refusals that each line of a file would become.",
		Example: `  streamlytics check --config=streamlytics.yaml
  streamlytics check --config=streamlytics.yaml --print_config
  streamlytics check --sample=sales.jsonl --format=pos`,
	}, set, func(ctx context.Context, args []string, problems error) error {
		endAtOnce()
		slog.SetDefault(slog.New(o.NewLogHandler(os.Stderr)))
		problems = errors.Join(problems, o.Complete(set, args), check.Validate(set))
		switch {
		case check.PrintConfig:
			return errors.Join(set.Print(os.Stdout), invalid(problems, o.Validate(ctx)))
		case check.Sample != "":
			return checkSample(ctx, o, check, problems)
		}
		return checkPipeline(ctx, o, problems)
	})
}

// checkSample prints what the lines of a producer's file become.
func checkSample(ctx context.Context, o pipeline.Options, check pipeline.CheckOptions, problems error) error {
	if check.Format == "" { // as problems states
		return invalid(problems)
	}
	sampler, err := pipeline.NewSampler(ctx, o, check.Format)
	if err := invalid(problems, err); err != nil {
		return err
	}
	result, err := sampler.Read(ctx, check.Sample, os.Stdin, os.Stdout)
	if err == nil || errors.Is(err, pipeline.ErrRefused) {
		fmt.Fprintln(os.Stderr, result)
	}
	return err
}

// checkPipeline connects to everything that a run would use, and prints a line for each.
func checkPipeline(ctx context.Context, o pipeline.Options, problems error) error {
	p, err := pipeline.New(ctx, o)
	if err := invalid(problems, err); err != nil {
		if p != nil {
			err = errors.Join(err, p.Close())
		}
		return err
	}
	return errors.Join(p.Check(ctx, os.Stdout), p.Close())
}
