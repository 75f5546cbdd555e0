package mirror

import (
	"errors"
	"maps"
	"strings"
	"testing"

	goredis "github.com/redis/go-redis/v9"

	"github.com/beamlytics/streamlytics/internal/batch"
	"github.com/beamlytics/streamlytics/sinks/redis"
)

// dump returns everything in a Redis.
func dump(t *testing.T, rdb *goredis.Client) map[string]string {
	t.Helper()
	all := map[string]string{}
	for _, key := range rdb.Keys(t.Context(), "*").Val() {
		all[key] = rdb.Dump(t.Context(), key).Val()
	}
	return all
}

// writeState writes two logs, one of three records, and what two product groups keep.
func writeState(t *testing.T, m *Mirror) {
	t.Helper()
	mustWrite(t, m, batch.LogWrite{Key: "7", Seq: 1, Record: []byte("a")},
		batch.LogWrite{Key: "8", Seq: 1, Record: []byte("x")})
	mustWrite(t, m, batch.LogWrite{Key: "7", Seq: 2, Prev: 1, Record: []byte("b")})
	mustWrite(t, m, batch.LogWrite{Key: "7", Seq: 3, Prev: 2, Record: []byte("c")})
	mustKeep(t, m, batch.Kept{Group: "3", Field: "v:1:p", Value: "1h"}, batch.Kept{Group: "3", Field: "s:p",
		Value: "LOW_STOCK"},
		batch.Kept{Group: "4", Field: "s:q", Value: "LOW_STOCK"}, batch.Kept{Group: "4", Field: "s:q"})
}

func mustKeep(t *testing.T, m *Mirror, kept ...batch.Kept) {
	t.Helper()
	if err := m.WriteKept(t.Context(), kept); err != nil {
		t.Fatal(err)
	}
}

// TestMirrorRefusesWhatIsNotWhole takes each part away. A start, and the last look of the pipeline
// that wrote it, name the part; the start changes nothing.
func TestMirrorRefusesWhatIsNotWhole(t *testing.T) {
	for name, c := range map[string]struct {
		commands []string
		names    []string // in the error
	}{
		"a log": {[]string{"del streamlytics:{log/7}"}, []string{"streamlytics:{log/7} is gone"}},
		"a log and its hash": {[]string{"del streamlytics:{log/8} streamlytics:{log/8}:by"},
			[]string{"streamlytics:{log/8} is gone"}},
		"the hash of a log": {[]string{"del streamlytics:{log/7}:by"}, []string{"streamlytics:{log/7}:by is gone"}},
		"the first records": {[]string{"ltrim streamlytics:{log/7} 2 -1"},
			[]string{"streamlytics:{log/7} is cut (1 of 3 records are left)"}},
		"the last record":     {[]string{"rpop streamlytics:{log/7}"}, []string{"streamlytics:{log/7} is cut"}},
		"a record in between": {[]string{"lrem streamlytics:{log/7} 1 b"}, []string{"streamlytics:{log/7} is cut"}},
		"all logs": {[]string{"del streamlytics:{log/7}", "del streamlytics:{log/8}"},
			[]string{"{log/7} is gone", "{log/8} is gone"}},
		"what was kept":         {[]string{"del streamlytics:{kept/3}"}, []string{"streamlytics:{kept/3} is gone"}},
		"kept, without a field": {[]string{"del streamlytics:{kept/4}"}, []string{"streamlytics:{kept/4} is gone"}},
		"a kept field":          {[]string{"hdel streamlytics:{kept/3} s:p"}, []string{"streamlytics:{kept/3} is cut"}},
		"the layout":            {[]string{"del streamlytics:layout"}, []string{"streamlytics:layout is gone"}},
		"the epochs":            {[]string{"del streamlytics:epochs"}, []string{"streamlytics:epochs is gone"}},
	} {
		t.Run(name, func(t *testing.T) {
			server, open := mirrors(t)
			m := mustOpen(t, open)
			writeState(t, m)
			if err := m.Verify(t.Context()); err != nil {
				t.Fatalf("before: %v", err)
			}
			rdb := server.Client()
			for _, command := range c.commands {
				var args []any
				for _, word := range strings.Fields(command) {
					args = append(args, word)
				}
				if n, err := rdb.Do(t.Context(), args...).Result(); err != nil || n == int64(0) {
					t.Fatalf("%s: %v, %v", command, n, err)
				}
			}
			before := dump(t, rdb)
			_, err := open()
			_, described := Describe(t.Context(), m.redis, m.options)
			for _, want := range append(c.names, server.Addr, "--restore=none") {
				if !errors.Is(err, ErrIncomplete) || !strings.Contains(err.Error(), want) {
					t.Errorf("the start returns %v, want an error with %q", err, want)
				}
				if !errors.Is(described, ErrIncomplete) || !strings.Contains(described.Error(), want) {
					t.Errorf("the description returns %v, want an error with %q", described, want)
				}
			}
			if !maps.Equal(before, dump(t, rdb)) {
				t.Error("the refused start has changed something")
			}
			if err := m.Verify(t.Context()); !errors.Is(err, ErrIncomplete) {
				t.Errorf("the last look returns %v", err)
			}
		})
	}
}

// TestMirrorTakesOverWhatIsNotListed: a pipeline that was killed between the first write of a part
// and that of the layout has acknowledged nothing of it. With the part or without, the next one
// starts.
func TestMirrorTakesOverWhatIsNotListed(t *testing.T) {
	server, open := mirrors(t)
	writeState(t, mustOpen(t, open))
	rdb := server.Client()
	if n := rdb.HDel(t.Context(), layoutKey, "log/8", "log/7", "kept/3").Val(); n != 3 {
		t.Fatalf("%d fields", n)
	}
	rdb.Del(t.Context(), "streamlytics:{log/7}", "streamlytics:{log/7}:by")
	m := mustOpen(t, open)
	wantLog(t, m, "8", "x")
	mustWrite(t, m, batch.LogWrite{Key: "8", Seq: 2, Anew: true, Record: []byte("x")})
	if kept := keptOf(t, m, "3"); len(kept) != 2 {
		t.Errorf("kept %v", kept)
	}
	rdb.Del(t.Context(), "streamlytics:{log/8}")
	if _, err := open(); !errors.Is(err, ErrIncomplete) {
		t.Errorf("a part that was written again is not in the layout: %v", err)
	}
}

// TestMirrorIsWholeWithWhatWasKept: after a loss the layout comes back only when the product groups
// have begun anew too, with what was made after the loss was noticed.
func TestMirrorIsWholeWithWhatWasKept(t *testing.T) {
	server, open := mirrors(t)
	m := mustOpen(t, open)
	writeState(t, m)
	if err := server.Client().FlushAll(t.Context()).Err(); err != nil {
		t.Fatal(err)
	}
	if err := m.NoteLosses(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	refused := func() {
		t.Helper()
		if _, err := open(); !errors.Is(err, ErrIncomplete) {
			t.Errorf("a start before all is there: %v", err)
		}
	}
	mustWrite(t, m, batch.LogWrite{Key: "7", Seq: 4, Losses: 1, Anew: true, Record: []byte("abc")},
		batch.LogWrite{Key: "8", Seq: 2, Losses: 1, Anew: true, Record: []byte("x")})
	mustKeep(t, m, batch.Kept{Group: "3", Anew: true, Losses: 1},
		batch.Kept{Group: "3", Field: "s:p", Value: "LOW_STOCK"})
	refused()
	mustKeep(t, m, batch.Kept{Group: "4", Anew: true}) // made before
	refused()
	mustKeep(t, m, batch.Kept{Group: "4", Anew: true, Losses: 1})
	if err := m.Verify(t.Context()); err != nil {
		t.Error(err)
	}
	next := mustOpen(t, open)
	wantLog(t, next, "7", "abc")
	if kept := keptOf(t, next, "3"); len(kept) != 1 {
		t.Errorf("kept %v", kept)
	}
}

// TestDescribe describes an empty mirror and a whole one, and disturbs the pipeline that writes it in
// nothing.
func TestDescribe(t *testing.T) {
	server, open := mirrors(t)
	rdb := server.Client()
	r, err := redis.Open(redis.Config{Addrs: []string{server.Addr}}, redis.Stats{})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	expect := func(o Options, want string) {
		t.Helper()
		before := dump(t, rdb)
		got, err := Describe(t.Context(), r, o)
		if err != nil {
			got = err.Error()
		}
		if !strings.Contains(got, want) {
			t.Errorf("%q, want %q", got, want)
		}
		if !maps.Equal(before, dump(t, rdb)) {
			t.Error("a description changes something")
		}
	}
	options := Options{KeyGroups: 64, ProductGroups: 16}
	expect(options, "empty: a start begins from empty state")
	m := mustOpen(t, open)
	expect(options, "empty")
	writeState(t, m)
	expect(options, "2 logs and 2 kept hashes, whole, of format 2 with 64 key groups and 16 product groups; "+
		"a start takes epoch 2")
	expect(Options{KeyGroups: 32, ProductGroups: 16}, "was kept with --key_groups=64, not 32")
	if err := m.Verify(t.Context()); err != nil {
		t.Errorf("the pipeline is disturbed: %v", err)
	}
}
