package transforms

import (
	"context"
	"slices"
	"testing"
	"time"
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

// TestLogWritesAreNumbered: each key's writes are numbered upwards and name the one before, and a bundle that finds the log of one
// that failed goes on after what that has written.
func TestLogWritesAreNumbered(t *testing.T) {
	n := newNotebook(t, 1<<20)
	var mirrored int64 // the number of the last write to the mirror
	n.seq = func(context.Context, string) (int64, error) { return mirrored, nil }
	var last int64
	write := func(commit bool) (prev, seq int64, anew bool) {
		b := n.runner.open("a")
		c, err := n.journal.open(t.Context(), b, "a")
		if err != nil {
			t.Fatal(err)
		}
		w := n.write(b, "a", c, "x")
		if commit {
			b.commit()
			last = w.Seq
		}
		mirrored = w.Seq
		return w.Prev, w.Seq, w.Anew
	}
	for range 20 {
		before := last
		if prev, seq, _ := write(true); prev != before || seq <= prev {
			t.Fatalf("write %d follows %d, want a greater number than %d", seq, prev, before)
		}
	}
	write(false)
	mirrored += int64(time.Hour / time.Microsecond) // its machine's clock
	failed := mirrored
	if prev, seq, anew := write(true); prev != failed || seq <= failed || !anew {
		t.Errorf("after a failed bundle: write %d follows %d (anew %v), want one after %d that begins the log anew", seq, prev, anew, failed)
	}
	n.cache.take("a") // elsewhere
	if prev, seq, anew := write(true); prev != mirrored && seq <= prev || !anew {
		t.Errorf("from the log: write %d follows %d (anew %v)", seq, prev, anew)
	}
}
