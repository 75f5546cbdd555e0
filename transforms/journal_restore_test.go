package transforms

import (
	"context"
	"slices"
	"testing"
)

// TestJournalRestores: a key of which Beam has no state comes from the mirror, once, and the mirror goes on from there.
func TestJournalRestores(t *testing.T) {
	before := newNotebook(t, 1<<20)
	for _, text := range []string{"1", "2", "3"} {
		before.note("a", text).commit()
	}
	n := newNotebook(t, 1<<20)
	asked := 0
	n.restore = func(_ context.Context, key string) ([][]byte, error) {
		asked++
		return before.mirror[key], nil
	}
	n.note("a", "lost") // fails, and is restored again
	b := n.runner.open("a")
	c, err := n.journal.open(t.Context(), b, "a")
	if err != nil {
		t.Fatal(err)
	}
	if !c.restored || !slices.Equal(c.image.taken, []string{"1", "2", "3"}) {
		t.Fatalf("restored %v: %v", c.restored, c.image.taken)
	}
	if w := n.write(b, "a", c, "4"); !w.Anew {
		t.Error("the first write after a restore does not begin the log anew")
	}
	b.commit()
	if asked != 2 {
		t.Errorf("the mirror was read %d times, want 2", asked)
	}
	n.want("a", "1", "2", "3", "4")
	n.cache.take("a")
	n.want("a", "1", "2", "3", "4")
	n.note("a", "5").commit()
	n.want("a", "1", "2", "3", "4", "5")
	if asked != 2 {
		t.Errorf("the mirror was read %d times although Beam has the state", asked)
	}
	again := newNotebook(t, 1<<20)
	again.restore = func(_ context.Context, key string) ([][]byte, error) { return n.mirror[key], nil }
	again.want("a", "1", "2", "3", "4", "5")
	again.want("unknown")
}

// TestKeyBook: each key's writes are numbered upwards, and beyond what an earlier process could have numbered.
func TestKeyBook(t *testing.T) {
	s := newKeyBook()
	last := map[string]int64{}
	for i := range 1000 {
		key := string('a' + rune(i%3))
		prev, n := s.next(key)
		if prev != last[key] || n <= prev {
			t.Fatalf("write %d of %s has number %d after %d", i, key, n, last[key])
		}
		last[key] = n
	}
	if _, next := newKeyBook().next("a"); next < last["a"]-1000 {
		t.Errorf("another process goes on with %d after %d", next, last["a"])
	}
}
