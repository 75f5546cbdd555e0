package mirror

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"strconv"
	"strings"
	"testing"

	"github.com/beamlytics/streamlytics/internal/batch"
	"github.com/beamlytics/streamlytics/sinks/redis"
	"github.com/beamlytics/streamlytics/test/redistest"
)

// readAll returns what Logs yields, as "seq: records" by key.
func readAll(t *testing.T, m *Mirror) map[string]string {
	t.Helper()
	all := map[string]string{}
	err := m.Logs(t.Context(), func(key string, records [][]byte, seq int64) error {
		if _, ok := all[key]; ok {
			t.Errorf("key %s comes twice", key)
		}
		all[key] = fmt.Sprintf("%d: %s", seq, records)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// TestLogs: every log is read once, whole, with the number of its last write, in a single server
// and in a cluster. The next pipeline continues a log from there.
func TestLogs(t *testing.T) {
	for name, start := range map[string]func(*testing.T) []string{
		"single server": func(t *testing.T) []string { return []string{redistest.Start(t).Addr} },
		"cluster":       func(t *testing.T) []string { return redistest.StartCluster(t).Addrs() },
	} {
		for _, keyGroups := range []int{0, 64} {
			t.Run(fmt.Sprintf("%s, %d key groups", name, keyGroups), func(t *testing.T) {
				addrs := start(t)
				open := func() *Mirror {
					t.Helper()
					r, err := redis.Open(redis.Config{Addrs: addrs}, redis.Stats{})
					if err != nil {
						t.Fatal(err)
					}
					t.Cleanup(func() { r.Close() })
					m, err := Open(t.Context(), r, Options{KeyGroups: keyGroups, ProductGroups: 16})
					if err != nil {
						t.Fatal(err)
					}
					return m
				}
				m := open()
				if got := readAll(t, m); len(got) != 0 {
					t.Fatalf("an empty mirror has %v", got)
				}
				want := map[string]string{}
				var writes []batch.LogWrite
				for i := range 3*pairLogs + 7 {
					key := fmt.Sprint("store:", i)
					writes = append(writes, batch.LogWrite{Key: key, Seq: int64(i + 1), Record: []byte{'a'}})
					want[key] = fmt.Sprintf("%d: [a]", i+1)
				}
				writes = append(writes, batch.LogWrite{Key: "store:7", Seq: 5000, Prev: 8, Record: []byte("b")})
				want["store:7"] = "5000: [a b]"
				mustWrite(t, m, writes...)
				next := open()
				if got := readAll(t, next); !maps.Equal(got, want) {
					t.Errorf("logs %v\nwant %v", got, want)
				}
				if lost := mustWrite(t, next, batch.LogWrite{Key: "store:7", Seq: 5001, Prev: 5000,
					Record: []byte("c")}); lost != -1 {
					t.Errorf("lost since %d", lost)
				}
				if got := readAll(t, open())["store:7"]; got != "5001: [a b c]" {
					t.Errorf("the log is %s", got)
				}
			})
		}
	}
}

// TestLogsFails: Logs returns the error of the caller, of the context, of a loss, and of a later
// pipeline.
func TestLogsFails(t *testing.T) {
	server, open := mirrors(t)
	m := mustOpen(t, open)
	for i := range 20 {
		mustWrite(t, m, batch.LogWrite{Key: strconv.Itoa(i), Seq: 1, Record: []byte("a")})
	}
	read := func(ctx context.Context, m *Mirror) error {
		return m.Logs(ctx, func(string, [][]byte, int64) error { return nil })
	}
	enough, calls := errors.New("enough"), 0
	err := m.Logs(t.Context(), func(string, [][]byte, int64) error { calls++; return enough })
	if !errors.Is(err, enough) || calls != 1 {
		t.Errorf("%d calls, error %v", calls, err)
	}
	ended, cancel := context.WithCancelCause(t.Context())
	cancel(enough)
	if err := read(ended, m); !errors.Is(err, enough) && !errors.Is(err, context.Canceled) {
		t.Errorf("a context that has ended: %v", err)
	}
	next := mustOpen(t, open)
	if err := read(t.Context(), next); err != nil {
		t.Error(err)
	}
	if err := read(t.Context(), m); !errors.Is(err, ErrFenced) {
		t.Errorf("the earlier pipeline reads with %v", err)
	}
	mustWrite(t, next, batch.LogWrite{Key: "8", Seq: 2, Prev: 1, Record: []byte("b")})
	rdb := server.Client()
	rdb.LPop(t.Context(), "streamlytics:{log/8}")
	if err := read(t.Context(), next); !errors.Is(err, ErrIncomplete) || !strings.Contains(err.Error(),
		"{log/8} is cut") {
		t.Errorf("a log without its first record: %v", err)
	}
	rdb.Del(t.Context(), "streamlytics:{log/8}", "streamlytics:{log/8}:by")
	if err := read(t.Context(), next); !errors.Is(err, ErrIncomplete) || !strings.Contains(err.Error(),
		"{log/8} is gone") {
		t.Errorf("a lost log: %v", err)
	}
}

// TestLogsWaitForRedis: reading continues when a server that was gone is back.
func TestLogsWaitForRedis(t *testing.T) {
	server := redistest.Start(t, "--appendonly", "yes")
	m, err := openMirror(t, server, Options{KeyGroups: 64, ProductGroups: 16})
	if err != nil {
		t.Fatal(err)
	}
	for i := range 20 {
		mustWrite(t, m, batch.LogWrite{Key: strconv.Itoa(i), Seq: 1, Record: []byte("a")})
	}
	n := 0
	err = m.Logs(t.Context(), func(string, [][]byte, int64) error {
		if n++; n == 1 {
			server.Restart()
		}
		return nil
	})
	if err != nil || n != 20 {
		t.Errorf("%d logs, error %v", n, err)
	}
}

// TestKeptGroups: the fields of every product group are read, but for those that were removed.
func TestKeptGroups(t *testing.T) {
	server, open := mirrors(t)
	writeState(t, mustOpen(t, open))
	m := mustOpen(t, open)
	kept, err := m.KeptGroups(t.Context())
	if err != nil || len(kept) != 2 || !maps.Equal(kept["3"], map[string]string{"v:1:p": "1h", "s:p": "LOW_STOCK"}) ||
		len(kept["4"]) != 0 {
		t.Errorf("kept %v, error %v", kept, err)
	}
	server.Client().Del(t.Context(), "streamlytics:{kept/3}")
	if kept, err := m.KeptGroups(t.Context()); err != nil || len(kept["3"]) != 0 {
		t.Errorf("kept %v, error %v", kept, err)
	}
}
