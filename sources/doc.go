// Package sources brings messages into the pipeline: from Pub/Sub subscriptions and from files. Each source is one function that
// returns a PCollection of event.Message, however they come.
//
// Where the runner shares the process with the DoFns, sources open ack-tracker batches for what they emit and stop emitting
// while the tracker is full. Prism has no backpressure of its own: a source that ran ahead would fill the memory.
package sources
