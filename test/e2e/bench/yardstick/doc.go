// Package yardstick is what the pipeline is measured against: a plain Go loop, without Beam, that
// does the same work on lines in memory. It decodes, recognises repetitions, keeps on-hand with its
// counts and velocity by the minute, and writes absolute signals in batches. It keeps nothing for a
// restart, archives nothing and acknowledges nothing.
//
// The decoder and the signals' types are the pipeline's; everything behind them is written for this
// package, as short as it goes. It computes stock and velocity itself because that is what is
// measured: truth.Ledger keeps times to the millisecond and works out each signal anew. What the
// loop leaves in Redis is compared with the ledger as what the pipeline leaves is.
package yardstick
