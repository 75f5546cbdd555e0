package transforms

import (
	"maps"
	"slices"
	"sync"

	"github.com/beamlytics/streamlytics/internal/process"
)

// keyBook is what this process remembers of the Beam keys of one stage, beside their state: up to which loss of Redis each has said
// everything again. It is safe for concurrent use.
type keyBook struct {
	mu   sync.Mutex
	told map[string]int64
}

// inventoryKeys is the book of the inventory stage.
func inventoryKeys(env *process.Env) (*keyBook, error) {
	return process.Shared(env, "inventory keys", func() (*keyBook, error) { return newKeyBook(), nil })
}

func newKeyBook() *keyBook { return &keyBook{told: map[string]int64{}} }

// note remembers a key.
func (b *keyBook) note(key string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if _, ok := b.told[key]; !ok {
		b.told[key] = 0
	}
}

// owes reports whether Redis has lost data since the key last said everything. From then on it counts as having said it.
func (b *keyBook) owes(key string, losses int64) bool {
	if losses == 0 {
		return false
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.told[key] >= losses {
		return false
	}
	b.told[key] = losses
	return true
}

// all lists the keys.
func (b *keyBook) all() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Collect(maps.Keys(b.told))
}
