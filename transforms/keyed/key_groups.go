package keyed

import (
	"strconv"

	"github.com/cespare/xxhash/v2"
)

// KeyGroups is the number of Beam keys over which the store:product keys are spread; the term is
// Flink's. With N > 0 a Beam key is one of N groups, chosen by hash, and its state holds all
// store:product keys of the group. With 0 a Beam key is one store:product.
//
// Each state call is a round trip, so few groups are fast; they also bound the parallelism of a
// keyed stage. The number must not change while state is kept.
type KeyGroups int

// Names returns the Beam keys of all groups, none for 0.
func (g KeyGroups) Names() []string {
	names := make([]string, int(g))
	for i := range names {
		names[i] = strconv.Itoa(i)
	}
	return names
}

// GroupOf returns the index of the group of a key, out of n.
func GroupOf(key []byte, n int) int { return int(xxhash.Sum64(key) % uint64(n)) }
