package keyed

import (
	"errors"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/beamlytics/streamlytics/internal/codec"
)

func TestLogWithAndWithoutCache(t *testing.T) {
	for name, size := range map[string]int{"cached": 1 << 20, "always evicted": 1} {
		t.Run(name, func(t *testing.T) {
			n := newNotebook(t, size)
			n.want("a")
			n.note("a", "1").commit()
			n.note("a", "2").commit()
			n.note("b", "3").commit()
			n.want("a", "1", "2")
			n.want("b", "3")
			if cached := n.inCache("a") != nil; cached != (size > 1) {
				t.Errorf("an image is cached: %v", cached)
			}
		})
	}
}

// TestLogForgetsAFailedBundle: what a bundle wrote that failed afterwards never was, though its
// image is in the cache.
func TestLogForgetsAFailedBundle(t *testing.T) {
	n := newNotebook(t, 1<<20)
	n.note("a", "1").commit()
	n.note("a", "lost") // never committed
	if c := n.inCache("a"); c == nil || !slices.Contains(c.Image.taken, "lost") {
		t.Fatal("the cache does not hold the image with the lost note; the test proves nothing")
	}
	n.want("a", "1")
	n.note("a", "lost again")
	n.note("a", "2").commit()
	n.want("a", "1", "2")
}

// TestLogForgetsAFailedFirstBundle: the same where there is no state yet.
func TestLogForgetsAFailedFirstBundle(t *testing.T) {
	n := newNotebook(t, 1<<20)
	n.note("a", "lost")
	n.want("a")
	n.note("a", "1").commit()
	n.want("a", "1")
}

// TestLogAbandonedImage: a bundle that failed between open and commit left nothing behind.
func TestLogAbandonedImage(t *testing.T) {
	n := newNotebook(t, 1<<20)
	n.note("a", "1").commit()
	c, err := n.Open(n.runner.open("a"), "a")
	if err != nil {
		t.Fatal(err)
	}
	c.Image.taken = append(c.Image.taken, "half done")
	n.want("a", "1")
}

// TestLogZombie: two bundles have the same key open, as when a runner gives up on a worker that
// still works. The state is that of the one that the runner took, whichever wrote last.
func TestLogZombie(t *testing.T) {
	for name, zombieWritesLast := range map[string]bool{"zombie first": false, "zombie last": true} {
		t.Run(name, func(t *testing.T) {
			n := newNotebook(t, 1<<20)
			n.note("a", "1").commit()
			zombie, heir := n.runner.open("a"), n.runner.open("a")
			byZombie, err := n.Open(zombie, "a")
			if err != nil {
				t.Fatal(err)
			}
			byHeir, err := n.Open(heir, "a")
			if err != nil {
				t.Fatal(err)
			}
			if byZombie == byHeir || byZombie.Image == byHeir.Image {
				t.Fatal("both have the same image")
			}
			if zombieWritesLast {
				n.write(heir, "a", byHeir, "2")
				heir.commit()
				n.write(zombie, "a", byZombie, "lost")
			} else {
				n.write(zombie, "a", byZombie, "lost")
				n.write(heir, "a", byHeir, "2")
				heir.commit()
			}
			n.want("a", "1", "2")
			n.note("a", "3").commit()
			n.want("a", "1", "2", "3")
		})
	}
}

// TestLogWrongStamp: an image with the stamp of another commit is not used.
func TestLogWrongStamp(t *testing.T) {
	n := newNotebook(t, 1<<20)
	n.note("a", "1").commit()
	c := n.cache.take("a")
	c.Image.taken = []string{"nonsense"}
	c.stamp++
	n.cache.put("a", c)
	n.want("a", "1")
}

// TestLogHistories plays random histories of bundles that are committed, fail, or are zombies, and
// of caches that forget.
func TestLogHistories(t *testing.T) {
	for seed := range uint64(200) {
		r := rand.New(rand.NewPCG(seed, 4))
		n := newNotebook(t, 1<<20)
		truth := map[string][]string{}
		for step := range 120 {
			key := string('a' + rune(r.IntN(3)))
			text := strings.Repeat("x", r.IntN(100)) + string('0'+rune(step%10))
			switch b := n.note(key, text); r.IntN(6) {
			case 0: // failed
			case 1: // failed, and another got through before the failure was known
				other := n.note(key, "other")
				other.commit()
				truth[key] = append(truth[key], "other")
			case 2: // committed, and forgotten
				b.commit()
				truth[key] = append(truth[key], text)
				n.cache.take(key)
			default:
				b.commit()
				truth[key] = append(truth[key], text)
			}
			if got := n.read(key); !slices.Equal(got, truth[key]) {
				t.Fatalf("seed %d, step %d: %s holds %v, want %v", seed, step, key, got, truth[key])
			}
		}
	}
}

// TestLogCompacts: the log stays within a small multiple of the snapshot, however many writes there
// are.
func TestLogCompacts(t *testing.T) {
	n := newNotebook(t, 1<<20)
	for range 2000 {
		b := n.runner.open("a")
		c, err := n.Open(b, "a")
		if err != nil {
			t.Fatal(err)
		}
		c.Image.taken = nil // the image stays small
		n.write(b, "a", c, "0123456789")
		b.commit()
		bytes := 0
		for _, element := range n.runner.keys["a"].bags["log"] {
			r := codec.Reader{B: element.([]byte)}
			r.Varint() // its number
			bytes += len(r.B)
		}
		if bytes > 1200 {
			t.Fatalf("the log has %d bytes", bytes)
		}
		if log := n.runner.keys["a"].bags["log"]; len(log) != len(n.mirror["a"]) {
			t.Fatalf("the log has %d records and its mirror %d", len(log), len(n.mirror["a"]))
		}
	}
}

func TestLogErrors(t *testing.T) {
	why := errors.New("the runner is gone")
	n := newNotebook(t, 1<<20)
	n.note("a", "1").commit()
	b := n.runner.open("a")
	b.fail = why
	if _, err := n.Open(b, "a"); !errors.Is(err, why) || !strings.Contains(err.Error(), "key a") {
		t.Errorf("open returns %v", err)
	}
	n.want("a", "1")
	b = n.runner.open("a")
	c, err := n.Open(b, "a")
	if err != nil {
		t.Fatal(err)
	}
	b.fail = why
	if _, _, err := n.Commit(b, "a", c, []byte("+2")); !errors.Is(err, why) || !strings.Contains(err.Error(), "key a") {
		t.Errorf("commit returns %v", err)
	}
	if n.inCache("a") != nil {
		t.Error("an image whose write failed is in the cache")
	}
	n.want("a", "1")
	broken := n.runner.open("a")
	broken.bags["log"] = append(broken.bags["log"], []byte("\x02?"))
	broken.commit()
	n.cache.take("a")
	if _, err := n.Open(n.runner.open("a"), "a"); err == nil || !strings.Contains(err.Error(), "record 2 of 2") {
		t.Errorf("a broken log gives %v", err)
	}
}
