// Package batch holds the elements that the DoFns of one pipeline pass to each other. Every element
// is a batch, so that no event costs an emit.
package batch

import "github.com/beamlytics/streamlytics/signal"

// Signals are the output of a keyed stage. Signals are absolute values, so a batch can be written
// again.
type Signals struct {
	Stocks      []signal.Stock
	PublishedAt []int64 // per stock: when the oldest event behind it was published, epoch ms; 0 unknown
	Velocities  []signal.Velocity
	Badges      []signal.BadgeChange
	Logs        []LogWrite // written before the signals that they caused
	Kept        []Kept
	Tokens      []int64 // ack tokens, released when all of the batch is written
	// Settles holds, for each product group whose pending velocity this batch settles, when the
	// oldest event in it was published, epoch ms; 0 if unknown.
	Settles []int64
}

// Empty reports whether there is nothing to write. It may still hold tokens.
func (b *Signals) Empty() bool {
	return len(b.Stocks)+len(b.Velocities)+len(b.Badges)+len(b.Logs)+len(b.Kept) == 0
}

// Join appends a later batch.
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

// LogWrite is one write to the log of a Beam key in the mirror.
type LogWrite struct {
	Key    string // the Beam key
	Seq    int64  // grows with each write of the key
	Prev   int64  // Seq of the write before it; 0: there was none
	Losses int64  // process.Env.Losses when the record was made
	Anew   bool   // Record is a snapshot, with which the log begins
	Record []byte
}

// Kept is a field of a product group that cannot be computed from the logs. An empty value removes
// the field.
type Kept struct {
	Group, Field, Value string
	// Anew removes all fields of the group. It comes without a field, before those that follow.
	Anew   bool
	Losses int64 // with Anew, process.Env.Losses when it was made
}
