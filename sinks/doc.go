// Package sinks writes the results of the pipeline: signals to Redis, rows to the archive, refusals
// to the dead letters. A folder holds what belongs to one system; this package has the DoFns, and
// the order of writes in one function (signalWriter.write).
//
// Every sink keeps the same contract, which package sinktest tests:
//   - A write returns nil only when all of it is visible to readers and survives the end of this
//     process, but for rows that the target refuses for good, which it names.
//   - A write blocks while its target is down and retries with backoff for as long as it takes. It
//     stops only when its context ends or the sink is closed, with an error that wraps the cause. It
//     never drops anything.
//   - A write that failed may have been carried out in part, or may still be carried out. Repeating it
//     is harmless: signals are absolute values, and rows and dead letters contain what identifies
//     them.
//   - Sinks are safe for concurrent use.
package sinks

import (
	"context"

	"github.com/beamlytics/streamlytics/sinks/rows"
)

// RowSink stores rows of the archive. It keeps the contract of the package.
type RowSink interface {
	// NewBatch returns an empty batch in the encoding of the sink.
	NewBatch() *rows.Batch
	// Write stores a batch that NewBatch has made, and returns the rows that can never be stored.
	Write(ctx context.Context, b *rows.Batch) (refused []rows.Refused, err error)
}
