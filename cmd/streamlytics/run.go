package main

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"os"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/spf13/cobra"

	"github.com/beamlytics/streamlytics/config"
	"github.com/beamlytics/streamlytics/internal/process"
	"github.com/beamlytics/streamlytics/pipeline"
)

const runExamples = `  streamlytics demo
  streamlytics --events_files=events.jsonl --redis_addrs=127.0.0.1:6379
  streamlytics --project=shop --pos_subscription=pos --wms_subscription=wms --bigquery_dataset=retail
  streamlytics run --config=streamlytics.yaml --log_format=json`

func (cs *commands) run() *cobra.Command {
	o := pipeline.DefaultOptions()
	set := o.Set()
	return cs.withFlags(&cobra.Command{
		Use:   "run [flags]",
		Short: "Run the pipeline",
		Long: "Run reads events and keeps the signals in Redis up to date, until its input ends or until SIGINT\n" +
			"or SIGTERM. It then finishes what it has read. Flags of Beam, such as --job_name, are taken too.",
		Example: runExamples,
	}, set, func(ctx context.Context, args []string, problems error) error {
		return runPipeline(ctx, o, errors.Join(problems, o.Complete(set, args)))
	})
}

// runPipeline runs the pipeline with options, of which problems lists what is wrong so far.
func runPipeline(ctx context.Context, o pipeline.Options, problems error) error {
	pipeline.SetupWorker()
	beam.Init() // does not return in a process that a runner started as its worker

	logged := o
	logged.Log = o.Log.For(os.Stderr)
	var progress io.Writer // over which lines of the log are written
	log := io.Writer(os.Stderr)
	if config.IsTerminal(os.Stderr) && !logged.Log.IsJSON() {
		progress, log = os.Stderr, overProgress{os.Stderr}
	}
	slog.SetDefault(slog.New(logged.NewLogHandler(log)))
	process.RaiseMaxProcs()
	p, err := pipeline.New(ctx, o)
	if err := invalid(problems, err); err != nil { // one message for the types and the values
		if p != nil {
			err = errors.Join(err, p.Close())
		}
		return err
	}
	slog.SetDefault(slog.With("pipeline", p.ID()))
	p.Progress = progress
	err = p.Run(ctx)
	if err != nil && logged.Log.IsJSON() {
		slog.Error("pipeline failed", "error", err)
		err = &loggedError{err}
	}
	return err
}

// overProgress writes each line of a log in place of the line of progress that a terminal shows.
type overProgress struct{ terminal io.Writer }

func (w overProgress) Write(line []byte) (int, error) {
	if _, err := io.WriteString(w.terminal, "\r\033[K"); err != nil {
		return 0, err
	}
	return w.terminal.Write(line)
}

// loggedError is an error that is in the log already.
type loggedError struct{ err error }

func (e *loggedError) Error() string { return e.err.Error() }
func (e *loggedError) Unwrap() error { return e.err }
