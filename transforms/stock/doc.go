// Package stock holds the rules of branch A: the on-hand of one product in one store, as a function
// of its events. It is pure: no Beam, no clock, no I/O.
//
// Let R be the RESET with the greatest (counted_at, event id). On-hand is the quantity of R, plus
// receipts and minus sales that occurred at or after R.counted_at. This holds for any order of
// arrival and any number of repetitions. A Record keeps the events of the horizon in its ledger, a
// tree that is ordered by time and carries sums, so that a late RESET takes logarithmic time. It
// folds older events into one number.
//
// A Record also decides which events are repetitions, VIEW and CART_ADD included. What it accepts
// is new, and later stages need not check again.
package stock
