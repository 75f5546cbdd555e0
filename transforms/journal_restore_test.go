package transforms

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/beamlytics/streamlytics/internal/batch"
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

// TestLogWritesAreNumbered: each key's writes are numbered upwards and name the one before, whichever process makes them. After a bundle
// that failed, the next one goes on after what that has written and begins the log anew: the same process, another that still has the
// image of before, or one that makes it from the log.
func TestLogWritesAreNumbered(t *testing.T) {
	one := newNotebook(t, 1<<20)
	other := newNotebook(t, 1<<20)
	other.runner = one.runner
	var mirrored int64 // the number of the last write to the mirror
	seq := func(context.Context, string) (int64, error) { return mirrored, nil }
	one.journal.seq, other.journal.seq = seq, seq
	write := func(n *notebook, commit bool) (w batch.LogWrite) {
		t.Helper()
		b := n.runner.open("a")
		c, err := n.journal.open(t.Context(), b, "a")
		if err != nil {
			t.Fatal(err)
		}
		w = n.write(b, "a", c, "x")
		if commit {
			b.commit()
		}
		if w.Prev != mirrored || w.Seq <= w.Prev {
			t.Errorf("write %d follows %d, want a greater number than %d", w.Seq, w.Prev, mirrored)
		}
		mirrored = w.Seq
		return w
	}
	for i := range 20 {
		n := one
		if i%3 == 2 {
			n = other // has an older image or none
		}
		if w := write(n, true); w.Anew && i > 0 {
			t.Errorf("write %d begins the log anew", i)
		}
	}
	elsewhere := func() *notebook { other.cache.take("a"); return other }
	for what, next := range map[string]func() *notebook{
		"the same process": func() *notebook { return one }, "another": func() *notebook { return other }, "one without an image": elsewhere,
	} {
		write(other, true) // its image is the last
		write(one, false)
		mirrored += int64(time.Hour / time.Microsecond) // by its machine's clock
		if w := write(next(), true); !w.Anew {
			t.Errorf("after a failed bundle, %s does not begin the log anew", what)
		}
	}
}
