// Package stock is the decision logic of branch A: what is on hand, given everything that is known to have happened to one
// product in one store. It is pure: no Beam, no clock, no I/O.
//
// Let R be the RESET with the greatest (counted_at, event id). On-hand is R's quantity plus the receipts and minus the sales
// that occurred at or after R.counted_at. A Record keeps just enough to hold to that rule whatever the order in which events
// arrive and however often: the deltas and ids of the ledger horizon in a tree that is ordered by time and carries sums, so
// that a late count is answered in logarithmic time, and one number for everything older.
//
// A Record is also the one place that decides about identity, for looks and cart adds too: an event that it takes is new, and
// nothing behind it has to ask again.
package stock
