package sinks

import (
	"errors"
	"testing"
	"time"

	"github.com/beamlytics/streamlytics/internal/batch"
	"github.com/beamlytics/streamlytics/internal/process"
	"github.com/beamlytics/streamlytics/test/redistest"
)

// worker opens the mirror as one of the workers of a job, which has two key groups.
func worker(t *testing.T, server *redistest.Server, job string) *Mirror {
	t.Helper()
	return mustOpen(t, func() (*Mirror, error) {
		return openMirror(t, server, MirrorOptions{KeyGroups: 2, ProductGroups: 1, Job: job})
	})
}

func wantWhole(t *testing.T, m *Mirror, want bool) {
	t.Helper()
	whole, err := m.mend(t.Context())
	if err != nil || whole != want {
		t.Errorf("the state is whole: %v, %v, want %v", whole, err, want)
	}
}

// TestMirrorIsMendedByAnyWorker: one worker notices that Redis was emptied, another writes the logs again and never hears of it, a third
// finds the state whole; and only then can another job start from it.
func TestMirrorIsMendedByAnyWorker(t *testing.T) {
	server := redistest.Start(t)
	a, b, c := worker(t, server, "job"), worker(t, server, "job"), worker(t, server, "job")
	for _, key := range []string{"0", "1"} {
		wantLog(t, a, key)
		mustWrite(t, a, batch.LogWrite{Key: key, Seq: 1, Record: []byte("a")})
	}
	wantWhole(t, c, true)
	if err := server.Client().FlushAll(t.Context()).Err(); err != nil {
		t.Fatal(err)
	}
	wantWhole(t, c, false) // nobody has noticed, and nothing is there
	if err := a.noteLosses(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	mustWrite(t, b, batch.LogWrite{Key: "0", Seq: 2, Prev: 1, Anew: true, Record: []byte("b")})
	wantWhole(t, c, false)
	if n := server.Client().Exists(t.Context(), mirrorLayout).Val(); n != 0 {
		t.Error("the layout is back before all logs are")
	}
	mustWrite(t, b, batch.LogWrite{Key: "1", Seq: 2, Prev: 1, Anew: true, Record: []byte("b")})
	wantWhole(t, c, true)
	next := worker(t, server, "next")
	wantLog(t, next, "0", "b")
	if _, err := a.mend(t.Context()); !errors.Is(err, ErrFenced) {
		t.Errorf("a worker of the first job looks after the state of the second: %v", err)
	}
}

// TestMenderTakesOver: where whoever noticed a loss is gone, a worker takes it for one of its own.
func TestMenderTakesOver(t *testing.T) {
	server := redistest.Start(t)
	m := worker(t, server, "job")
	env, err := process.Register(t.Name(), nil)
	if err != nil {
		t.Fatal(err)
	}
	w := startMender(env, m, 10*time.Millisecond)
	t.Cleanup(func() {
		if err := errors.Join(w.Close(), env.Close()); err != nil {
			t.Error(err)
		}
	})
	if err := server.Client().Del(t.Context(), mirrorLayout).Err(); err != nil {
		t.Fatal(err)
	}
	waitUntil(t, "the worker counts a loss", func() bool { return env.Losses() > 0 })
	for _, key := range []string{"0", "1"} {
		if n := server.Client().HExists(t.Context(), mirrorLog+key+"}:by", "owed").Val(); !n {
			t.Errorf("the log of %s is not marked", key)
		}
	}
}
