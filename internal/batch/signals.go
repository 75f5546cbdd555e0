// Package batch holds the elements that the DoFns of one pipeline pass to each other. Every element
// is a batch, so that no event costs an emit.
package batch

import "github.com/beamlytics/streamlytics/signal"

// Signals is what a keyed stage says at once. Its signals are absolute: writing a batch again is
// harmless.
type Signals struct {
	Stocks      []signal.Stock
	PublishedAt []int64 // per stock: when the oldest event behind it was published, epoch ms; 0 unknown
	Velocities  []signal.Velocity
	Badges      []signal.BadgeChange
	Logs        []LogWrite // to be written before the signals that they caused
	Kept        []Kept
	Tokens      []int64 // ack tokens, released when all of the batch is written
	Settles     []int64 // per product group whose pending velocity this batch settles: when the oldest event in it was published, epoch ms; 0 unknown
}

// Empty reports whether there is nothing to write. It may still hold tokens.
func (b *Signals) Empty() bool {
	return len(b.Stocks)+len(b.Velocities)+len(b.Badges)+len(b.Logs)+len(b.Kept) == 0
}

// Join appends what a later batch says.
func (b *Signals) Join(later Signals) {
	b.Stocks = append(b.Stocks, later.Stocks...)
	b.PublishedAt = append(b.PublishedAt, later.PublishedAt...)
	b.Velocities = append(b.Velocities, later.Velocities...)
	b.Badges = append(b.Badges, later.Badges...)
	b.Logs = append(b.Logs, later.Logs...)
	b.Kept = append(b.Kept, later.Kept...)
	b.Tokens = append(b.Tokens, later.Tokens...)
	b.Settles = append(b.Settles, later.Settles...)
}

// LogWrite is one write to the mirror of a stage's log.
type LogWrite struct {
	Key    string // the Beam key
	Seq    int64  // grows with each write of the key
	Prev   int64  // Seq of the write before it; 0: there was none
	Losses int64  // how often Redis was found to have lost data when this was made
	Anew   bool   // Record is a snapshot: the log begins anew with it
	Record []byte
}

// Kept is something that cannot be computed again from the logs: a field of a product group. An
// empty value removes the field.
type Kept struct {
	Group, Field, Value string
	// Anew has no field: all fields of the group go, and those of the batch that follow are all there
	// are.
	Anew   bool
	Losses int64 // with Anew, how often Redis was found to have lost data when this was made
}
