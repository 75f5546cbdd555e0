package truth

import (
	"fmt"
	"strings"
	"testing"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"

	"github.com/beamlytics/streamlytics/test/redistest"
)

// written is a Redis that holds want, and a client of it.
func written(t *testing.T, want map[Key]Result) (*miniredis.Miniredis, *redis.Client) {
	t.Helper()
	server := miniredis.RunT(t)
	for key, r := range want {
		server.Set(key.StockName(), fmt.Sprint(r.OnHand))
		if r.Known {
			server.HSet(key.MetaName(), "known", "1", "barrier", fmt.Sprint(r.Barrier))
		} else {
			server.HSet(key.MetaName(), "known", "0", "barrier", "")
		}
	}
	client := redis.NewClient(&redis.Options{Addr: server.Addr()})
	t.Cleanup(func() { client.Close() })
	return server, client
}

// truth is more keys than one chunk.
func truth() map[Key]Result {
	want := map[Key]Result{}
	for i, key := range []Key{{"c", "a:b"}, {"c:a", "b"}} {
		want[key] = Result{OnHand: int64(i), Events: 1}
	}
	for i := range 2*chunk + 343 {
		want[Key{fmt.Sprint(i % 7), fmt.Sprint(i)}] = Result{OnHand: int64(i - 50), Known: i%2 == 0, Events: 1}
	}
	return want
}

func TestCheckStock(t *testing.T) {
	all := []Option{AlsoMeta, AlsoExtra}
	for _, c := range []struct {
		name    string
		spoil   func(*miniredis.Miniredis)
		options []Option
		want    Report // without Keys and Samples
		sample  string
	}{
		{name: "all right", spoil: func(*miniredis.Miniredis) {}, options: all},
		{name: "global keys are not of a store", spoil: func(s *miniredis.Miniredis) { s.Set("stock:global:0", "1") }, options: all},
		{name: "wrong number", spoil: func(s *miniredis.Miniredis) { s.Set("stock:0:0", "-51") }, want: Report{Wrong: 1},
			sample: `stock:0:0 is "-51", want -50`},
		{name: "right number, other spelling", spoil: func(s *miniredis.Miniredis) { s.Set("stock:0:0", "-050") }, want: Report{Wrong: 1},
			sample: `stock:0:0 is "-050", want -50`},
		{name: "missing", spoil: func(s *miniredis.Miniredis) { s.Del("stock:0:2345"); s.Del("stock:0:0") }, want: Report{Missing: 1},
			sample: "stock:0:0 is missing, want -50"},
		{name: "wrong barrier", spoil: func(s *miniredis.Miniredis) { s.HSet("{stock:1:1}:meta", "barrier", "0") }, options: all, want: Report{Wrong: 1},
			sample: `{stock:1:1}:meta has barrier 0, want ""`},
		{name: "no meta", spoil: func(s *miniredis.Miniredis) { s.Del("{stock:1:1}:meta") }, options: all, want: Report{Wrong: 1},
			sample: `{stock:1:1}:meta has known <nil>, want "0"`},
		{name: "meta not asked for", spoil: func(s *miniredis.Miniredis) { s.Del("{stock:1:1}:meta") }},
		{name: "extra", spoil: func(s *miniredis.Miniredis) { s.Set("stock:99:1", "1") }, options: all, want: Report{Extra: 1},
			sample: "stock:99:1 exists and should not"},
		{name: "extra, an id as it was sent", spoil: func(s *miniredis.Miniredis) { s.Set("stock:c:a:b", "1") }, options: all, want: Report{Extra: 1},
			sample: "stock:c:a:b exists and should not"},
		{name: "extra not asked for", spoil: func(s *miniredis.Miniredis) { s.Set("stock:99:1", "1") }},
	} {
		t.Run(c.name, func(t *testing.T) {
			want := truth()
			server, client := written(t, want)
			c.spoil(server)
			got, err := CheckStock(t.Context(), client, want, c.options...)
			if err != nil {
				t.Fatal(err)
			}
			if got.Keys != len(want) || got.Wrong != c.want.Wrong || got.Missing != c.want.Missing || got.Extra != c.want.Extra {
				t.Errorf("got %+v, want %+v of %d keys", got, c.want, len(want))
			}
			if got.OK() != (c.sample == "") {
				t.Errorf("OK is %t", got.OK())
			}
			if strings.Join(got.Samples, "\n") != c.sample {
				t.Errorf("samples %q, want %q", got.Samples, c.sample)
			}
		})
	}
}

func TestCheckStockKeepsFewSamples(t *testing.T) {
	_, client := written(t, nil)
	got, err := CheckStock(t.Context(), client, truth())
	if err != nil {
		t.Fatal(err)
	}
	if got.Missing != got.Keys || len(got.Samples) != maxSamples {
		t.Errorf("%d of %d missing with %d samples", got.Missing, got.Keys, len(got.Samples))
	}
	if line := got.String(); !strings.HasPrefix(line, "keys: 2345, wrong: 0, missing: 2345, extra: 0 (stock:") {
		t.Errorf("report reads %q", line)
	}
}

func TestCheckGlobal(t *testing.T) {
	server, client := written(t, map[Key]Result{{"1", "a"}: {OnHand: 5}})
	want := map[string]int64{"a": 5, "b": -1, "c": 0}
	server.Set("stock:global:a", "5")
	server.Set("stock:global:b", "1")
	server.Set("stock:global:d", "7")
	got, err := CheckGlobal(t.Context(), client, want, AlsoExtra)
	if err != nil {
		t.Fatal(err)
	}
	if got.Keys != 3 || got.Wrong != 1 || got.Missing != 1 || got.Extra != 1 {
		t.Errorf("got %+v, want one wrong, one missing, one extra of 3", got)
	}
}

func TestCheckSaysWhenRedisCannotBeRead(t *testing.T) {
	server, client := written(t, nil)
	server.SetError("LOADING dataset in memory")
	for _, want := range []map[Key]Result{nil, {{"1", "a"}: {}}} {
		if _, err := CheckStock(t.Context(), client, want, AlsoExtra); err == nil || !strings.Contains(err.Error(), "LOADING") {
			t.Errorf("with %d keys: got error %v, want LOADING", len(want), err)
		}
	}
	server.SetError("")
	server.HSet("stock:1:a", "field", "value")
	if _, err := CheckStock(t.Context(), client, map[Key]Result{{"1", "a"}: {}}); err == nil || !strings.Contains(err.Error(), "WRONGTYPE") {
		t.Errorf("of a hash: got error %v, want WRONGTYPE", err)
	}
}

func TestCheckOfACluster(t *testing.T) {
	rdb := redistest.StartCluster(t).Client()
	want := truth()
	for key, r := range want {
		if err := rdb.Set(t.Context(), key.StockName(), r.OnHand, 0).Err(); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"stock:99:1", "stock:99:2", "stock:99:3", "stock:global:7"} {
		if err := rdb.Set(t.Context(), name, 1, 0).Err(); err != nil {
			t.Fatal(err)
		}
	}
	if err := rdb.Del(t.Context(), "stock:0:0").Err(); err != nil {
		t.Fatal(err)
	}
	got, err := CheckStock(t.Context(), rdb, want, AlsoExtra)
	if err != nil || got.Keys != len(want) || got.Wrong != 0 || got.Missing != 1 || got.Extra != 3 {
		t.Errorf("stock: got %+v, %v, want one missing and three extra", got, err)
	}
	got, err = CheckGlobal(t.Context(), rdb, map[string]int64{"7": 1, "8": 2}, AlsoExtra)
	if err != nil || got.Wrong != 0 || got.Missing != 1 || got.Extra != 0 {
		t.Errorf("global: got %+v, %v, want one missing", got, err)
	}
}
