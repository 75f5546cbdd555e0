package signal

// Batch is what a keyed stage says at once. Its signals are absolute: writing a batch again is harmless.
type Batch struct {
	Stocks      []Stock
	PublishedAt []int64 // per stock: when the oldest event behind it was published, epoch ms; 0 unknown
	Velocities  []Velocity
	Badges      []BadgeChange
	Tokens      []int64 // ack tokens, released when all of the batch is written
	Settles     int     // product groups whose pending velocity this batch settles
}

// Empty reports whether there is nothing to write. It may still hold tokens.
func (b *Batch) Empty() bool { return len(b.Stocks)+len(b.Velocities)+len(b.Badges) == 0 }
