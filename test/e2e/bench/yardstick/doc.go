// Package yardstick is what the pipeline is measured against: a plain Go loop, without Beam, that does the same work on lines in
// memory. It decodes, recognises repetitions, keeps on-hand with its counts and velocity by the minute, and writes absolute signals
// in batches. It keeps nothing for a restart, archives nothing and acknowledges nothing.
//
// The decoder and the signals' types are the pipeline's; everything behind them is written for this package, as short as it goes,
// so that its stock can be held against the pipeline's.
package yardstick
