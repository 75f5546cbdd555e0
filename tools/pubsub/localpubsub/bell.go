package localpubsub

// bell wakes all goroutines that wait for a change. The lock of its owner guards it. A goroutine
// that finds under the lock that there is nothing to do must take the channel before it unlocks; it
// then misses no later ring.
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
