package sinks

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/beamlytics/streamlytics/internal/batch"
	"github.com/beamlytics/streamlytics/test/redistest"
)

// mirrors returns a function that opens the mirror as one more pipeline would.
func mirrors(t *testing.T) (server *redistest.Server, open func() (*Mirror, error)) {
	t.Helper()
	server = redistest.Start(t)
	return server, func() (*Mirror, error) { return openMirror(t, server, MirrorOptions{KeyGroups: 64, ProductGroups: 16}) }
}

// openMirror opens the mirror through a client of its own, which is closed with the test.
func openMirror(t *testing.T, server *redistest.Server, o MirrorOptions) (*Mirror, error) {
	t.Helper()
	r, err := OpenRedis(RedisConfig{Addrs: []string{server.Addr}}, RedisStats{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	})
	return OpenMirror(context.Background(), r, o)
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
	records, err := m.Load(context.Background(), key)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, r := range records {
		got = append(got, string(r))
	}
	if !slices.Equal(got, want) {
		t.Errorf("log of %s: %q, want %q", key, got, want)
	}
}

// TestMirrorKeepsLogs: what is written is there for the next pipeline, once, whatever is repeated or comes late.
func TestMirrorKeepsLogs(t *testing.T) {
	_, open := mirrors(t)
	m := mustOpen(t, open)
	mustWrite(t, m, batch.LogWrite{Key: "7", Seq: 1, Record: []byte("a")}, batch.LogWrite{Key: "8", Seq: 1, Record: []byte("x")})
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

// TestMirrorFences: a pipeline that another has replaced can write no more, and says so instead of trying for ever.
func TestMirrorFences(t *testing.T) {
	_, open := mirrors(t)
	old := mustOpen(t, open)
	mustWrite(t, old, batch.LogWrite{Key: "7", Seq: 1, Record: []byte("a")})
	next := mustOpen(t, open)
	wantLog(t, next, "7", "a")
	if _, err := old.Write(context.Background(), []batch.LogWrite{{Key: "7", Seq: 2, Prev: 1, Record: []byte("b")}}, 0); !errors.Is(err, ErrFenced) {
		t.Errorf("the old pipeline's write: %v", err)
	}
	mustWrite(t, next, batch.LogWrite{Key: "7", Seq: 1, Anew: true, Record: []byte("c")})
	wantLog(t, next, "7", "c")
}

// TestMirrorNoticesLoss: when Redis comes back empty, nobody goes on from a part of the state. Each log begins anew with its next
// write, and the state counts as whole when all have.
func TestMirrorNoticesLoss(t *testing.T) {
	server, open := mirrors(t)
	m := mustOpen(t, open)
	mustWrite(t, m, batch.LogWrite{Key: "7", Seq: 1, Record: []byte("a")}, batch.LogWrite{Key: "8", Seq: 1, Record: []byte("x")})
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
	if lost := mustWrite(t, m, batch.LogWrite{Key: "8", Seq: 2, Prev: 1, Losses: 1, Anew: true, Record: []byte("xy")}); lost != -1 {
		t.Errorf("lost since %d", lost)
	}
	next := mustOpen(t, open)
	wantLog(t, next, "7", "ab")
	wantLog(t, next, "8", "xy")
	if next.epoch <= m.epoch {
		t.Errorf("epoch %d follows %d", next.epoch, m.epoch)
	}
}

// TestMirrorLayout: another number of key groups is refused, and dropping the mirror makes room for it.
func TestMirrorLayout(t *testing.T) {
	_, open := mirrors(t)
	m := mustOpen(t, open)
	mustWrite(t, m, batch.LogWrite{Key: "7", Seq: 1, Record: []byte("a")})
	if err := m.WriteKept(context.Background(), []batch.Kept{{Group: "3", Field: "v:1:p", Value: "1h on 5"}, {Group: "3", Field: "gone", Value: ""}}); err != nil {
		t.Fatal(err)
	}
	if kept, err := m.LoadKept(context.Background(), "3"); err != nil || len(kept) != 1 || kept["v:1:p"] != "1h on 5" {
		t.Errorf("kept %v, error %v", kept, err)
	}
	if _, err := OpenMirror(context.Background(), m.redis, MirrorOptions{KeyGroups: 8, ProductGroups: 16}); err == nil || !strings.Contains(err.Error(), "--key_groups=64") {
		t.Errorf("opening with 8 key groups: %v", err)
	}
	if n, err := DropMirror(context.Background(), m.redis); n != 1 || err != nil {
		t.Errorf("dropped %d, error %v", n, err)
	}
	if _, err := OpenMirror(context.Background(), m.redis, MirrorOptions{KeyGroups: 8, ProductGroups: 16}); err != nil {
		t.Error(err)
	}
}

// TestMirrorNoticesAShortLog: a log that loses its list while a pipeline runs is a loss, not a short log.
func TestMirrorNoticesAShortLog(t *testing.T) {
	server, open := mirrors(t)
	m := mustOpen(t, open)
	mustWrite(t, m, batch.LogWrite{Key: "7", Seq: 1, Record: []byte("a")})
	if err := server.Client().Del(context.Background(), mirrorLog+"7}").Err(); err != nil {
		t.Fatal(err)
	}
	for range 2 { // the answer to the first may be lost
		if lost := mustWrite(t, m, batch.LogWrite{Key: "7", Seq: 2, Prev: 1, Record: []byte("b")}); lost != 0 {
			t.Errorf("lost since %d, want 0", lost)
		}
	}
}

// TestMirrorOfAnotherFormat: state of a later version is refused with what to do.
func TestMirrorOfAnotherFormat(t *testing.T) {
	server, open := mirrors(t)
	if err := server.Client().HSet(context.Background(), mirrorLayout, "format", "3", "key_groups", "64", "product_groups", "16").Err(); err != nil {
		t.Fatal(err)
	}
	if _, err := open(); err == nil || !strings.Contains(err.Error(), "format 3") || !strings.Contains(err.Error(), "--restore=none") {
		t.Errorf("opened: %v", err)
	}
}
