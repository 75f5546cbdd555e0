package transforms

import (
	"sync"
	"time"

	"github.com/beamlytics/streamlytics/internal/process"
)

// keyBook is what this process remembers of the Beam keys of one stage, beside their state. It is safe for concurrent use.
type keyBook struct {
	mu   sync.Mutex
	keys map[string]*keyNote
}

type keyNote struct {
	seq  int64 // of its last log write
	told int64 // up to which loss of Redis it has said everything again
}

// inventoryKeys is the book of the inventory stage.
func inventoryKeys(env *process.Env) (*keyBook, error) {
	return process.Shared(env, "inventory keys", func() (*keyBook, error) { return newKeyBook(), nil })
}

func newKeyBook() *keyBook { return &keyBook{keys: map[string]*keyNote{}} }

func (b *keyBook) of(key string) *keyNote {
	n := b.keys[key]
	if n == nil {
		n = &keyNote{}
		b.keys[key] = n
	}
	return n
}

// next counts a log write. The count never falls behind the wall clock in microseconds, so that it goes on upwards where a key
// moves to another process.
func (b *keyBook) next(key string) (prev, n int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	k := b.of(key)
	prev = k.seq
	k.seq = max(prev+1, time.Now().UnixMicro())
	return prev, k.seq
}

// owes reports whether Redis has lost data since the key last said everything. From then on it counts as having said it.
func (b *keyBook) owes(key string, losses int64) bool {
	if losses == 0 {
		return false
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	k := b.of(key)
	if k.told >= losses {
		return false
	}
	k.told = losses
	return true
}

// all lists the keys.
func (b *keyBook) all() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	keys := make([]string, 0, len(b.keys))
	for key := range b.keys {
		keys = append(keys, key)
	}
	return keys
}
