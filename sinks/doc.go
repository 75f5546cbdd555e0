// Package sinks writes what the pipeline says: signals to Redis, rows to the warehouse's JSON lines and to
// BigQuery, refusals to the dead letters.
//
// Every sink keeps the same contract, which package sinktest tests:
//   - A write returns nil only when all of it is visible to readers and survives the end of this process.
//   - A write blocks while its target is down and retries with backoff for as long as it takes. It gives up only when its
//     context ends or the sink is closed, with an error that wraps the cause. It never drops anything.
//   - A write that gave up may have been carried out in part, or may still be carried out. Repeating it is harmless: signals
//     are absolute values, and rows and dead letters carry what identifies them.
//   - Sinks are safe for concurrent use.
package sinks
