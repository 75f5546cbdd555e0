// Package soak runs the program for a long time under load while faults come and go, and holds Redis against the truth again and
// again. The truth of an hour is millions of events, so a ledger is kept as they are made up.
package soak
