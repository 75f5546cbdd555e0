package keyed

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/beamlytics/streamlytics/internal/metrics"
)

// TestProcessStoreHistories plays random histories of bundles that change keys or do not, with room
// for all images, some, and none: what a bundle finds is what those before it left.
func TestProcessStoreHistories(t *testing.T) {
	for _, limit := range []int{1 << 20, 900, 1} {
		t.Run(fmt.Sprint("limit ", limit), func(t *testing.T) {
			var counts metrics.Bundle
			s := bundleStore[*notes]{newProcessStore(limit, func() *notes { return &notes{} }), &counts}
			want := map[string][]string{}
			r := rand.New(rand.NewPCG(uint64(limit), 5))
			for i := range 2000 {
				key := fmt.Sprint("k", r.IntN(8))
				c, err := s.open(nil, key)
				if err != nil {
					t.Fatal(err)
				}
				if (c == nil) != (want[key] == nil) {
					t.Fatalf("step %d: %s has a cell: %v", i, key, c != nil)
				}
				if c == nil {
					c = &Cell[*notes]{Image: &notes{}}
				}
				if !slices.Equal(c.Image.taken, want[key]) || c.logged != len(want[key]) {
					t.Fatalf("step %d: %s holds %v, %d logged, want %v", i, key, c.Image.taken, c.logged, want[key])
				}
				if r.IntN(3) == 0 && want[key] != nil {
					s.keep(key, c)
					continue
				}
				text := fmt.Sprint(i)
				c.Image.taken = append(c.Image.taken, text)
				c.logged++
				want[key] = append(want[key], text)
				if err := s.commit(nil, key, c, nil, false); err != nil {
					t.Fatal(err)
				}
				if s.images.bytes > limit {
					t.Fatalf("step %d: %d bytes of images, limit %d", i, s.images.bytes, limit)
				}
			}
			if decoded := s.images.order.Len(); (decoded == 0) != (limit == 1) || (decoded == 8) != (limit == 1<<20) {
				t.Errorf("%d of 8 images are decoded with a limit of %d bytes", decoded, limit)
			}
		})
	}
}

// TestProcessStoreMissesAFailedBundle: an image that a failed bundle took is gone, and the next who
// asks must learn it.
func TestProcessStoreMissesAFailedBundle(t *testing.T) {
	s := newProcessStore(1<<20, func() *notes { return &notes{} })
	if c, _, err := s.take("a"); c != nil || err != nil {
		t.Fatal(c, err)
	}
	if _, _, err := s.take("a"); err == nil || !strings.Contains(err.Error(), "key a was lost") {
		t.Errorf("error %v", err)
	}
}
