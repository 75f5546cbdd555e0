package mirror

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/beamlytics/streamlytics/internal/batch"
	"github.com/beamlytics/streamlytics/sinks/redis"
	"github.com/beamlytics/streamlytics/test/redistest"
)

// mirrors returns a function that opens the mirror as one more pipeline would.
func mirrors(t *testing.T) (server *redistest.Server, open func() (*Mirror, error)) {
	t.Helper()
	server = redistest.Start(t)
	return server, func() (*Mirror, error) { return openMirror(t, server, Options{KeyGroups: 64, ProductGroups: 16}) }
}

// openMirror opens the mirror through a client of its own, which is closed with the test.
func openMirror(t *testing.T, server *redistest.Server, o Options) (*Mirror, error) {
	t.Helper()
	r, err := redis.Open(redis.Config{Addrs: []string{server.Addr}}, redis.Stats{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	})
	return Open(context.Background(), r, o)
}

func mustOpen(t *testing.T, open func() (*Mirror, error)) *Mirror {
	t.Helper()
	m, err := open()
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// mustWrite writes as a pipeline that knows of as many losses as its last write.
func mustWrite(t *testing.T, m *Mirror, w ...batch.LogWrite) (lost int64) {
	t.Helper()
	lost, err := m.Write(context.Background(), w, w[len(w)-1].Losses)
	if err != nil {
		t.Fatal(err)
	}
	return lost
}

func wantLog(t *testing.T, m *Mirror, key string, want ...string) {
	t.Helper()
	var got []string
	err := m.Logs(t.Context(), func(of string, records [][]byte, _ int64) error {
		for _, r := range records {
			if of == key {
				got = append(got, string(r))
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(got, want) {
		t.Errorf("log of %s: %q, want %q", key, got, want)
	}
}

// keptOf returns what is kept of a product group.
func keptOf(t *testing.T, m *Mirror, group string) map[string]string {
	t.Helper()
	kept, err := m.KeptGroups(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return kept[group]
}

// TestMirrorKeepsLogs: what is written is there for the next pipeline, once, whatever is repeated
// or comes late.
func TestMirrorKeepsLogs(t *testing.T) {
	_, open := mirrors(t)
	m := mustOpen(t, open)
	mustWrite(t, m, batch.LogWrite{Key: "7", Seq: 1, Record: []byte("a")},
		batch.LogWrite{Key: "8", Seq: 1, Record: []byte("x")})
	mustWrite(t, m, batch.LogWrite{Key: "7", Seq: 2, Prev: 1, Record: []byte("b\x00\xff")})
	mustWrite(t, m, batch.LogWrite{Key: "7", Seq: 2, Prev: 1, Record: []byte("b\x00\xff")}) // its answer was lost
	mustWrite(t, m, batch.LogWrite{Key: "7", Seq: 1, Anew: true, Record: []byte("late")})   // its connection hung
	mustWrite(t, m, batch.LogWrite{Key: "8", Seq: 2, Prev: 1, Anew: true, Record: []byte("snapshot")})
	next := mustOpen(t, open)
	keys, err := next.Keys(context.Background())
	if slices.Sort(keys); err != nil || !slices.Equal(keys, []string{"7", "8"}) {
		t.Errorf("keys %q, error %v", keys, err)
	}
	wantLog(t, next, "7", "a", "b\x00\xff")
	wantLog(t, next, "8", "snapshot")
}

// TestMirrorFences: a pipeline that another has replaced can write no more, and says so instead of
// trying for ever.
func TestMirrorFences(t *testing.T) {
	_, open := mirrors(t)
	old := mustOpen(t, open)
	mustWrite(t, old, batch.LogWrite{Key: "7", Seq: 1, Record: []byte("a")})
	next := mustOpen(t, open)
	wantLog(t, next, "7", "a")
	if _, err := old.Write(context.Background(), []batch.LogWrite{{Key: "7", Seq: 2, Prev: 1, Record: []byte("b")}},
		0); !errors.Is(err, ErrFenced) {
		t.Errorf("the old pipeline's write: %v", err)
	}
	mustWrite(t, next, batch.LogWrite{Key: "7", Seq: 2, Anew: true, Record: []byte("c")})
	wantLog(t, next, "7", "c")
}

// TestMirrorNoticesLoss: when Redis comes back empty, nobody goes on from a part of the state. Each
// log begins anew with its next write, and the state counts as whole when all have.
func TestMirrorNoticesLoss(t *testing.T) {
	server, open := mirrors(t)
	m := mustOpen(t, open)
	mustWrite(t, m, batch.LogWrite{Key: "7", Seq: 1, Record: []byte("a")},
		batch.LogWrite{Key: "8", Seq: 1, Record: []byte("x")})
	if err := server.Client().FlushAll(context.Background()).Err(); err != nil {
		t.Fatal(err)
	}
	if lost := mustWrite(t, m, batch.LogWrite{Key: "7", Seq: 2, Prev: 1, Record: []byte("b")}); lost != 0 {
		t.Errorf("lost since %d", lost)
	}
	// Of a batch, the writes from before the loss was known are lost again, and that is no news.
	if lost := mustWrite(t, m, batch.LogWrite{Key: "7", Seq: 3, Prev: 2, Record: []byte("c")},
		batch.LogWrite{Key: "7", Seq: 4, Prev: 3, Losses: 1, Anew: true, Record: []byte("ab")}); lost != 0 {
		t.Errorf("lost since %d", lost)
	}
	if _, err := open(); err == nil || !strings.Contains(err.Error(), "--restore=none") {
		t.Errorf("opening a part of the state: %v", err)
	}
	if lost := mustWrite(t, m, batch.LogWrite{Key: "8", Seq: 2, Prev: 1, Losses: 1, Anew: true,
		Record: []byte("xy")}); lost != -1 {
		t.Errorf("lost since %d", lost)
	}
	next := mustOpen(t, open)
	wantLog(t, next, "7", "ab")
	wantLog(t, next, "8", "xy")
	if next.epoch <= m.epoch {
		t.Errorf("epoch %d follows %d", next.epoch, m.epoch)
	}
}

// TestMirrorLayout: another number of key groups is refused, and dropping the mirror makes room for
// it.
func TestMirrorLayout(t *testing.T) {
	_, open := mirrors(t)
	m := mustOpen(t, open)
	mustWrite(t, m, batch.LogWrite{Key: "7", Seq: 1, Record: []byte("a")})
	if err := m.WriteKept(context.Background(), []batch.Kept{{Group: "3", Field: "v:1:p", Value: "1h on 5"},
		{Group: "3", Field: "gone", Value: ""}}); err != nil {
		t.Fatal(err)
	}
	if kept := keptOf(t, m, "3"); len(kept) != 1 || kept["v:1:p"] != "1h on 5" {
		t.Errorf("kept %v", kept)
	}
	if _, err := Open(context.Background(), m.redis, Options{KeyGroups: 8, ProductGroups: 16}); err == nil ||
		!strings.Contains(err.Error(), "--key_groups=64") {
		t.Errorf("opening with 8 key groups: %v", err)
	}
	if n, err := Drop(context.Background(), m.redis); n != 1 || err != nil {
		t.Errorf("dropped %d, error %v", n, err)
	}
	if _, err := Open(context.Background(), m.redis, Options{KeyGroups: 8, ProductGroups: 16}); err != nil {
		t.Error(err)
	}
}

// TestMirrorNoticesAShortLog: a log that loses its list while a pipeline runs is a loss, not a
// short log.
func TestMirrorNoticesAShortLog(t *testing.T) {
	server, open := mirrors(t)
	m := mustOpen(t, open)
	mustWrite(t, m, batch.LogWrite{Key: "7", Seq: 1, Record: []byte("a")})
	if err := server.Client().Del(context.Background(), "streamlytics:{log/7}").Err(); err != nil {
		t.Fatal(err)
	}
	for range 2 { // the answer to the first may be lost
		if lost := mustWrite(t, m, batch.LogWrite{Key: "7", Seq: 2, Prev: 1, Record: []byte("b")}); lost != 0 {
			t.Errorf("lost since %d, want 0", lost)
		}
	}
}

// TestMirrorOfAnotherFormat: state of a later version, and of versions before the last, is refused
// with what to do.
func TestMirrorOfAnotherFormat(t *testing.T) {
	server, open := mirrors(t)
	for _, other := range []string{"1", "3"} {
		layout := []string{"format", other, "key_groups", "64", "product_groups", "16"}
		if err := server.Client().HSet(t.Context(), layoutKey, layout).Err(); err != nil {
			t.Fatal(err)
		}
		_, err := open()
		for _, want := range []string{"format " + other, "format 2", "--restore=none", "archive"} {
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("opened: %v, want an error with %q", err, want)
			}
		}
	}
}
