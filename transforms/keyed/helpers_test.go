package keyed

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/apache/beam/sdks/v2/go/pkg/beam/core/state"

	"github.com/beamlytics/streamlytics/internal/batch"
	"github.com/beamlytics/streamlytics/internal/metrics"
)

// notes is an image that is the list of what was noted in it.
type notes struct{ taken []string }

func (n *notes) Replay(record []byte) error {
	switch kind, text := record[0], string(record[1:]); kind {
	case '+':
		n.taken = append(n.taken, text)
	case '=':
		n.taken = strings.Split(text, ",")
	default:
		return errors.New("that is no note")
	}
	return nil
}

func (n *notes) Snapshot() []byte {
	return append([]byte{'='}, strings.Join(n.taken, ",")...)
}

func (n *notes) Tidy() {}

func (n *notes) Size() int { return len(n.taken) }

// notebook is a log of notes over a fake runner. The mirror holds what was written to the log.
type notebook struct {
	*Log[*notes]
	*runner
	counts metrics.Bundle
	cache  *cache[*notes]
	mirror map[string][][]byte
	losses int64
}

func newNotebook(t *testing.T, cacheBytes int) *notebook {
	n := &notebook{runner: newRunner(t), mirror: map[string][][]byte{}}
	stamp, log := state.MakeValueState[int64]("stamp"), state.MakeBagState[[]byte]("log")
	empty := func() *notes { return &notes{} }
	losses := func() int64 { return n.losses }
	n.cache = newCache[*notes](cacheBytes)
	n.Log = &Log[*notes]{newImage: empty, counts: &n.counts, losses: losses,
		store: &beamStore[*notes]{stamp: &stamp, log: &log, cache: n.cache, newImage: empty,
			losses: losses, counts: &n.counts}}
	return n
}

// read is what a bundle finds under a key.
func (n *notebook) read(key string) []string {
	n.t.Helper()
	c, err := n.Open(n.runner.open(key), key)
	if err != nil {
		n.t.Fatal(err)
	}
	n.Keep(key, c)
	return slices.Clone(c.Image.taken)
}

// note opens a key in a bundle, notes a text, and writes it; the bundle is not committed yet.
func (n *notebook) note(key, text string) *bundle {
	n.t.Helper()
	b := n.runner.open(key)
	c, err := n.Open(b, key)
	if err != nil {
		n.t.Fatal(err)
	}
	n.write(b, key, c, text)
	return b
}

func (n *notebook) write(b *bundle, key string, c *Cell[*notes], text string) batch.LogWrite {
	n.t.Helper()
	c.Image.taken = append(c.Image.taken, text)
	w, _, err := n.Commit(b, key, c, []byte("+"+text))
	if err != nil {
		n.t.Fatal(err)
	}
	if w.Anew {
		n.mirror[key] = nil
	}
	n.mirror[key] = append(n.mirror[key], slices.Clone(w.Record))
	return w
}

func (n *notebook) want(key string, want ...string) {
	n.t.Helper()
	if got := n.read(key); !slices.Equal(got, want) {
		n.t.Errorf("%s holds %v, want %v", key, got, want)
	}
}

// inCache reports whether an image of a key is cached, and puts it back.
func (n *notebook) inCache(key string) *Cell[*notes] {
	c := n.cache.take(key)
	if c != nil {
		n.cache.put(key, c)
	}
	return c
}
