package stock

import (
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// TestIndexAgainstAModel uses ids with few home slots, so that runs wrap around the end and are
// closed after removals, and ids with equal lower halves.
func TestIndexAgainstAModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		x := newIndex(rapid.IntRange(0, 100).Draw(t, "room"))
		model := map[uint64]place{}
		id := rapid.OneOf(
			rapid.Uint64Range(0, 40),
			rapid.Custom(func(t *rapid.T) uint64 { return ^rapid.Uint64Range(0, 40).Draw(t, "from the end") }),
			rapid.Custom(func(t *rapid.T) uint64 { return rapid.Uint64Range(0, 200).Draw(t, "high") << 32 }),
		)
		t.Repeat(map[string]func(*rapid.T){
			"put": func(t *rapid.T) {
				for range rapid.IntRange(1, 30).Draw(t, "how many") {
					if id := id.Draw(t, "id"); model[id] == 0 {
						model[id] = place(1 + (id>>32+id)%7)
						x.put(id, model[id])
					}
				}
			},
			"remove": func(t *rapid.T) {
				for range rapid.IntRange(1, 30).Draw(t, "how many") {
					id := id.Draw(t, "id")
					if model[id] == 0 && rapid.Bool().Draw(t, "of another place") {
						x.remove(id, 99)
					} else if model[id] != 0 {
						x.remove(id, model[id])
					}
					delete(model, id)
				}
			},
			"": func(t *rapid.T) {
				checkIndex(t, x, model)
				for range x.places(id.Draw(t, "any")) {
					if len(model) == 0 {
						t.Fatal("found in an empty index")
					}
				}
			},
		})
	})
}

// checkIndex compares x with its model.
func checkIndex(t *rapid.T, x *index, model map[uint64]place) {
	if x.n != len(model) {
		t.Fatalf("%d ids, want %d", x.n, len(model))
	}
	alike := map[uint32][]place{}
	for id, p := range model {
		alike[uint32(id)] = append(alike[uint32(id)], p)
	}
	for half, want := range alike {
		got := slices.Sorted(x.places(uint64(half)))
		if slices.Sort(want); !slices.Equal(got, want) {
			t.Fatalf("ids with lower half %x: places %x, want %x", half, got, want)
		}
	}
	used := 0
	for _, s := range x.slots {
		if s.place != 0 {
			used++
		}
	}
	if used != len(model) || 4*used > 3*len(x.slots) {
		t.Fatalf("%d of %d slots used by %d ids", used, len(x.slots), len(model))
	}
}

func TestIndexShrinks(t *testing.T) {
	x := newIndex(0)
	const n = 100_000
	for i := range uint64(n) {
		x.put(mix(i), 1)
	}
	if len(x.slots) > 3*n {
		t.Errorf("%d slots for %d ids", len(x.slots), n)
	}
	for i := range uint64(n - indexFrom) {
		x.remove(mix(i), 1)
	}
	if len(x.slots) > 8*indexFrom {
		t.Errorf("%d slots for %d ids", len(x.slots), x.n)
	}
}
