package localpubsub

// bell wakes everybody who waits for something to change. It is guarded by its owner's lock: who finds under the lock that
// there is nothing to do takes the channel before unlocking, and so misses no later ring.
type bell struct{ c chan struct{} }

func (b *bell) listen() <-chan struct{} {
	if b.c == nil {
		b.c = make(chan struct{})
	}
	return b.c
}

func (b *bell) ring() {
	if b.c != nil {
		close(b.c)
		b.c = nil
	}
}
