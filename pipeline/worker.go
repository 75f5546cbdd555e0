package pipeline

import (
	"log/slog"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
)

// SetupWorker sets the logs up in a process that a runner started as its worker, and does nothing in any other. It comes after
// ParseFlags and before beam.Init, which does not return in a worker.
func SetupWorker() {
	if valueOf("worker") == "true" {
		logToRunner(workerLogLevel)
	}
}

// workerLogLevel is the --log_level with which the job was submitted.
func workerLogLevel() slog.Level {
	level := DefaultOptions().LogLevel
	if given := beam.PipelineOptions.Get("log_level"); given != "" {
		if err := level.UnmarshalText([]byte(given)); err != nil {
			return DefaultOptions().LogLevel
		}
	}
	return level
}
