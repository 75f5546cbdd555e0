// Package soak runs the program for a long time under load while faults come and go, and holds Redis against the truth again and
// again. The truth of an hour is millions of events, so it is kept as they are made up, not worked out from all of them.
//
// It shares no code with the pipeline.
package soak
