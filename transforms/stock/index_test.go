package stock

import (
	"testing"

	"pgregory.net/rapid"
)

// TestIndexAgainstAMap uses ids that meet in few slots, so that runs wrap around the end and are closed up again.
func TestIndexAgainstAMap(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		x := newIndex(rapid.IntRange(0, 100).Draw(t, "room"))
		model := map[uint64]content{}
		id := rapid.OneOf(
			rapid.Uint64Range(0, 40),
			rapid.Custom(func(t *rapid.T) uint64 { return ^rapid.Uint64Range(0, 40).Draw(t, "from the end") }),
			rapid.Custom(func(t *rapid.T) uint64 { return rapid.Uint64Range(0, 200).Draw(t, "high") << 32 }),
		)
		t.Repeat(map[string]func(*rapid.T){
			"put": func(t *rapid.T) {
				for range rapid.IntRange(1, 30).Draw(t, "how many") {
					if id := id.Draw(t, "id"); model[id] == 0 {
						model[id] = content(id | 1)
						x.put(id, model[id])
					}
				}
			},
			"remove": func(t *rapid.T) {
				for range rapid.IntRange(1, 30).Draw(t, "how many") {
					id := id.Draw(t, "id")
					x.remove(id)
					delete(model, id)
				}
			},
			"": func(t *rapid.T) {
				if x.n != len(model) {
					t.Fatalf("%d ids, want %d", x.n, len(model))
				}
				for id, want := range model {
					if c, ok := x.get(id); !ok || c != want {
						t.Fatalf("id %x: %x, %t; want %x", id, c, ok, want)
					}
				}
				used := 0
				for _, s := range x.slots {
					if s.content != 0 {
						used++
					}
				}
				if used != len(model) || 4*used > 3*len(x.slots) {
					t.Fatalf("%d of %d slots used by %d ids", used, len(x.slots), len(model))
				}
				if _, ok := x.get(id.Draw(t, "any")); ok && len(model) == 0 {
					t.Fatal("found in an empty index")
				}
			},
		})
	})
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
		x.remove(mix(i))
	}
	if len(x.slots) > 8*indexFrom {
		t.Errorf("%d slots for %d ids", len(x.slots), x.n)
	}
}
