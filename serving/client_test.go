package serving

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"pgregory.net/rapid"

	"github.com/beamlytics/streamlytics/signal"
	sink "github.com/beamlytics/streamlytics/sinks/redis"
	"github.com/beamlytics/streamlytics/test/redistest"
)

// asOf is the clock of the tests.
const asOf = 1_795_780_800_000

// clock returns a clock that stands some time after asOf.
func clock(age time.Duration) func() time.Time {
	return func() time.Time { return time.UnixMilli(asOf).Add(age) }
}

// open returns a sink that writes as the pipeline does.
func open(tb testing.TB, addrs ...string) *sink.Sink {
	tb.Helper()
	s, err := sink.Open(sink.Config{Addrs: addrs}, sink.Stats{})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = s.Close() })
	return s
}

// fatal is what *testing.T and *rapid.T share.
type fatal interface {
	Helper()
	Fatal(args ...any)
	Context() context.Context
}

// write writes the signals of products. Velocity keys do not expire.
func write(t fatal, s *sink.Sink, products ...Product) {
	t.Helper()
	var stocks []signal.Stock
	var velocities []signal.Velocity
	for _, p := range products {
		if p.Stock != nil {
			stocks = append(stocks, *p.Stock)
		}
		if p.Velocity != nil {
			velocities = append(velocities, *p.Velocity)
		}
	}
	if err := s.WriteStock(t.Context(), stocks); err != nil {
		t.Fatal(err)
	}
	never := func(signal.Velocity) time.Time { return time.Time{} }
	if err := s.WriteVelocity(t.Context(), velocities, never); err != nil {
		t.Fatal(err)
	}
}

// product returns a product with all signals and badges.
func product(store, id string, onHand int64) Product {
	return Product{
		StoreID: store, ProductID: id,
		Stock: &signal.Stock{StoreID: store, ProductID: id, OnHand: onHand, Version: 1, Known: true, AsOf: asOf,
			Badge: signal.LowStock},
		Velocity: &signal.Velocity{StoreID: store, ProductID: id, Window: signal.WindowDay, UnitsHour: 2, UnitsDay: 120,
			HighDemand: true, AsOf: asOf},
	}
}

// text returns products as JSON, to compare and to print them.
func text(products ...Product) string {
	b, err := json.Marshal(products)
	if err != nil {
		return err.Error()
	}
	return strings.ReplaceAll(string(b), `{"store_id"`, "\n"+`{"store_id"`)
}

// eachWay runs a test with clients of rdb that read with one MGET, and as in a cluster.
func eachWay(t *testing.T, rdb redis.UniversalClient, now func() time.Time, f func(*testing.T, *Client)) {
	t.Helper()
	for name, single := range map[string]bool{"MGET": true, "GET": false} {
		t.Run(name, func(t *testing.T) {
			c := NewClient(rdb, now)
			c.single = single
			f(t, c)
		})
	}
}

// What the pipeline writes is what Client reads, in the order of the pairs, for all ids.
func TestReadsWhatIsWritten(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	out, rdb := open(t, server.Addr), server.Client()
	id := rapid.OneOf(rapid.StringN(1, 20, 128), rapid.StringMatching(`[ -~]{1,8}`),
		rapid.SampledFrom([]string{"{x}", "a:b", "%41", "global", "\\\"", "\x7f", "<&>", "漢字😀"}))
	count, clocks := rapid.Int64(), rapid.Int64Range(0, 1<<53-1)
	drawn := rapid.Custom(func(t *rapid.T) Product {
		store := id.Filter(func(s string) bool { return s != "global" }) // no valid store
		p := Product{StoreID: rapid.OneOf(rapid.Just(""), store).Draw(t, "store"), ProductID: id.Draw(t, "product")}
		if rapid.Bool().Draw(t, "has stock") {
			p.Stock = &signal.Stock{StoreID: p.StoreID, ProductID: p.ProductID, OnHand: count.Draw(t, "on-hand"),
				Version: clocks.Filter(func(n int64) bool { return n > 0 }).Draw(t, "version"),
				Known:   rapid.Bool().Draw(t, "known"), Barrier: clocks.Draw(t, "barrier"),
				AsOf: clocks.Draw(t, "as_of"), Badge: rapid.SampledFrom([]string{"", signal.LowStock}).Draw(t, "badge")}
		}
		if rapid.Bool().Draw(t, "has velocity") {
			p.Velocity = &signal.Velocity{StoreID: p.StoreID, ProductID: p.ProductID,
				Window:    rapid.SampledFrom([]string{signal.WindowHour, signal.WindowDay}).Draw(t, "window"),
				UnitsHour: count.Draw(t, "units"), UnitsDay: count.Draw(t, "units"), ViewsHour: count.Draw(t, "views"),
				ViewsDay: count.Draw(t, "views"), CartsHour: count.Draw(t, "carts"), CartsDay: count.Draw(t, "carts"),
				HighDemand: rapid.Bool().Draw(t, "high demand"), AsOf: asOf}
		}
		return p
	})
	eachWay(t, rdb, clock(0), func(t *testing.T, c *Client) {
		rapid.Check(t, func(t *rapid.T) {
			if err := rdb.FlushDB(t.Context()).Err(); err != nil {
				t.Fatal(err)
			}
			want := rapid.SliceOfNDistinct(drawn, 1, 5, func(p Product) Pair {
				return Pair{p.StoreID, p.ProductID}
			}).Draw(t, "products")
			write(t, out, want...)
			pairs := make([]Pair, len(want))
			for i, p := range want {
				pairs[i] = Pair{p.StoreID, p.ProductID}
			}
			got, err := c.Read(t.Context(), pairs)
			if err != nil || text(got...) != text(want...) {
				t.Fatalf("%v: read\n%s\nwritten\n%s", err, text(got...), text(want...))
			}
			one, err := c.Product(t.Context(), want[0].StoreID, want[0].ProductID)
			if err != nil || text(one) != text(want[0]) {
				t.Fatalf("%v: read\n%s\nwritten\n%s", err, text(one), text(want[0]))
			}
		})
	})
}

// A velocity is left out when it is older than its window, and HIGH_DEMAND when it is older than an
// hour. The version changes with both.
func TestAge(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	hour := product("12", "hour", 4)
	hour.Velocity.Window = signal.WindowHour
	write(t, open(t, server.Addr), hour, product("12", "day", 4))
	const ms = time.Millisecond
	for _, test := range []struct {
		product      string
		age          time.Duration
		has          bool
		badges, etag string
	}{
		{"hour", -time.Minute, true, "HIGH_DEMAND LOW_STOCK", "1-1795780800000"},
		{"hour", time.Hour, true, "HIGH_DEMAND LOW_STOCK", "1-1795780800000"},
		{"hour", time.Hour + ms, false, "LOW_STOCK", "1-0"},
		{"day", time.Hour, true, "HIGH_DEMAND LOW_STOCK", "1-1795780800000"},
		{"day", time.Hour + ms, true, "LOW_STOCK", "1-1795780800000-old"},
		{"day", 24 * time.Hour, true, "LOW_STOCK", "1-1795780800000-old"},
		{"day", 24*time.Hour + ms, false, "LOW_STOCK", "1-0"},
	} {
		p, err := NewClient(server.Client(), clock(test.age)).Product(t.Context(), "12", test.product)
		if err != nil {
			t.Fatal(err)
		}
		badges := strings.Join(p.Badges(), " ")
		if (p.Velocity != nil) != test.has || badges != test.badges || p.Version() != test.etag {
			t.Errorf("%s after %v: velocity %v, badges %s, version %s",
				test.product, test.age, p.Velocity, badges, p.Version())
		}
	}
}

// Keys that are absent, incomplete or not the pipeline's do not hide other products, and errors
// name them.
func TestUnusualKeys(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	rdb := server.Client()
	good := product("12", "good", 4)
	for _, test := range []struct {
		name   string
		damage func(context.Context, redis.Pipeliner)
		want   string // of the product, with stock and velocity as they are written, or the error
	}{
		{"nothing is broken", func(context.Context, redis.Pipeliner) {}, "4 known, velocity, HIGH_DEMAND LOW_STOCK"},
		{"no stock", func(ctx context.Context, r redis.Pipeliner) { r.Del(ctx, "stock:12:bad") },
			"velocity, HIGH_DEMAND"},
		{"no velocity", func(ctx context.Context, r redis.Pipeliner) { r.Del(ctx, "velocity:12:bad:1hr") },
			"4 known, LOW_STOCK"},
		{"no hash", func(ctx context.Context, r redis.Pipeliner) { r.Del(ctx, "{stock:12:bad}:meta") },
			"4, velocity, HIGH_DEMAND"},
		{"no version", func(ctx context.Context, r redis.Pipeliner) { r.HDel(ctx, "{stock:12:bad}:meta", "version") },
			"4, velocity, HIGH_DEMAND"},
		{"no known", func(ctx context.Context, r redis.Pipeliner) { r.HDel(ctx, "{stock:12:bad}:meta", "known") },
			"4, velocity, HIGH_DEMAND"},
		{"no times", func(ctx context.Context, r redis.Pipeliner) {
			r.HDel(ctx, "{stock:12:bad}:meta", "barrier", "as_of")
		}, "4 known, velocity, HIGH_DEMAND LOW_STOCK"},
		{"stock is a list", func(ctx context.Context, r redis.Pipeliner) {
			r.Del(ctx, "stock:12:bad")
			r.LPush(ctx, "stock:12:bad", 4)
		}, "velocity, HIGH_DEMAND"},
		{"velocity is a list", func(ctx context.Context, r redis.Pipeliner) {
			r.Del(ctx, "velocity:12:bad:1hr")
			r.LPush(ctx, "velocity:12:bad:1hr", 4)
		}, "4 known, LOW_STOCK"},
		{"meta is a string", func(ctx context.Context, r redis.Pipeliner) { r.Set(ctx, "{stock:12:bad}:meta", "x", 0) },
			"read {stock:12:bad}:meta: WRONGTYPE"},
		{"stock is a text", func(ctx context.Context, r redis.Pipeliner) { r.Set(ctx, "stock:12:bad", "four", 0) },
			`read stock:12:bad: strconv.ParseInt: parsing "four"`},
		{"version is a text", func(ctx context.Context, r redis.Pipeliner) {
			r.HSet(ctx, "{stock:12:bad}:meta", "version", "new")
		}, `read {stock:12:bad}:meta: strconv.ParseInt: parsing "new"`},
		{"as_of is a text", func(ctx context.Context, r redis.Pipeliner) {
			r.HSet(ctx, "{stock:12:bad}:meta", "as_of", "today")
		}, `read {stock:12:bad}:meta: strconv.ParseInt: parsing "today"`},
		{"velocity is cut short", func(ctx context.Context, r redis.Pipeliner) {
			r.SetRange(ctx, "velocity:12:bad:1hr", 0, "[")
		}, "read velocity:12:bad:1hr: not a velocity: "},
		{"velocity is another object", func(ctx context.Context, r redis.Pipeliner) {
			r.Set(ctx, "velocity:12:bad:1hr", "{}", 0)
		}, `read velocity:12:bad:1hr: not a velocity: the window is ""`},
	} {
		if err := rdb.FlushDB(t.Context()).Err(); err != nil {
			t.Fatal(err)
		}
		write(t, open(t, server.Addr), good, product("12", "bad", 4))
		if _, err := rdb.Pipelined(t.Context(), func(pipe redis.Pipeliner) error {
			test.damage(t.Context(), pipe)
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		eachWay(t, rdb, clock(0), func(t *testing.T, c *Client) {
			got, err := c.Products(t.Context(), "12", []string{"bad", "good"})
			var failed *ReadError
			if len(got) != 2 || text(got[1]) != text(good) {
				t.Errorf("%s: read %s, %v", test.name, text(got...), err)
			} else if errors.As(err, &failed) {
				if !strings.HasPrefix(err.Error(), test.want) || !slices.Equal(failed.Pairs, []Pair{{"12", "bad"}}) ||
					!got[0].Empty() || got[0].ProductID != "bad" {
					t.Errorf("%s: %v of %v, with %s", test.name, err, failed.Pairs, text(got[0]))
				}
			} else if summary(got[0]) != test.want {
				t.Errorf("%s: %q, want %q", test.name, summary(got[0]), test.want)
			}
		})
	}
}

// summary returns what there is of a product.
func summary(p Product) string {
	var parts []string
	if p.Stock != nil {
		parts = append(parts, fmt.Sprint(p.Stock.OnHand))
		if p.Stock.Known {
			parts[0] += " known"
		}
	}
	if p.Velocity != nil {
		parts = append(parts, "velocity")
	}
	if badges := p.Badges(); len(badges) > 0 {
		parts = append(parts, strings.Join(badges, " "))
	}
	return strings.Join(parts, ", ")
}

// A write in the midst of a read may leave an old version beside the new on-hand. The next read has
// the greater version. An old on-hand beside a new version would stay in a cache.
func TestTornRead(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	out := open(t, server.Addr)
	old, written := product("12", "555", 4), product("12", "555", 3)
	written.Stock.Version = 2
	eachWay(t, server.Client(), clock(0), func(t *testing.T, c *Client) {
		if err := server.Client().FlushDB(t.Context()).Err(); err != nil {
			t.Fatal(err)
		}
		write(t, out, old)
		reads := 0
		tap := redistest.StartTap(t, server, func(command []string) (act redistest.Act) {
			switch {
			case command[0] == "hmget", command[0] == "mget", command[0] == "get" && command[1] == "stock:12:555":
				if reads++; reads == 2 {
					act.Before = func() { write(t, out, written) }
				}
			}
			return act
		})
		rdb := redis.NewClient(&redis.Options{Addr: tap.Addr, PoolSize: 1, MaxRetries: -1})
		defer rdb.Close()
		c.redis = rdb
		p, err := c.Product(t.Context(), "12", "555")
		if err != nil || reads != 2 || p.Stock == nil || p.Stock.OnHand != 3 || p.Stock.Version > 2 {
			t.Errorf("%d reads, %v: %s", reads, err, text(p))
		}
		if p, err = c.Product(t.Context(), "12", "555"); err != nil || text(p) != text(written) {
			t.Errorf("the next read: %v: %s", err, text(p))
		}
	})
}

// A call returns by the end of its context, whatever the timeouts of the client of Redis are.
func TestContext(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	server.Pause()
	for _, enabled := range []bool{true, false} {
		rdb := redis.NewClient(&redis.Options{Addr: server.Addr, ReadTimeout: time.Hour, WriteTimeout: time.Hour,
			DialTimeout: time.Hour, MaxRetries: -1, ContextTimeoutEnabled: enabled})
		defer rdb.Close()
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		got, err := NewClient(rdb, nil).Products(ctx, "12", []string{"555", "556"})
		var failed *ReadError
		if !errors.As(err, &failed) || !errors.Is(err, context.DeadlineExceeded) ||
			len(failed.Pairs) != 2 || len(got) != 2 ||
			!strings.Contains(err.Error(), "stock:12:555") || !strings.HasSuffix(err.Error(), "(and 1 more)") {
			t.Errorf("ContextTimeoutEnabled %v: %v", enabled, err)
		}
	}
}

func TestServerAway(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	server.Stop()
	c := NewClient(server.Client(), nil)
	if _, err := c.Product(t.Context(), "", "555"); err == nil || !strings.Contains(err.Error(), server.Addr) ||
		!strings.Contains(err.Error(), "stock:global:555") {
		t.Errorf("without a server: %v", err)
	}
	if got, err := c.Products(t.Context(), "12", nil); err != nil || len(got) != 0 {
		t.Errorf("no products of no server: %v, %v", got, err)
	}
}

// TestLoginRefused checks an error that go-redis does not set on the commands.
func TestLoginRefused(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t, "--requirepass", "right")
	rdb := redis.NewClient(&redis.Options{Addr: server.Addr, Password: "wrong", ContextTimeoutEnabled: true})
	t.Cleanup(func() { _ = rdb.Close() })
	eachWay(t, rdb, nil, func(t *testing.T, c *Client) {
		products, err := c.Products(t.Context(), "12", []string{"555", "556"})
		failed, ok := errors.AsType[*ReadError](err)
		if !ok || len(failed.Pairs) != 2 || len(products) != 2 || !strings.Contains(err.Error(), "WRONGPASS") {
			t.Errorf("%v: %v", products, err)
		}
	})
}

// The JSON is that of the HTTP API.
func TestJSON(t *testing.T) {
	p := product("12", "555", 4)
	p.Stock.Barrier = 1_795_759_200_000
	for _, test := range []struct {
		product Product
		want    string
	}{
		{p, `{"store_id":"12","product_id":"555","stock":{"on_hand":4,"known":true,"barrier":1795759200000,` +
			`"as_of":1795780800000,"version":1,"badge":"LOW_STOCK"},"velocity":` + string(p.Velocity.AppendJSON(nil)) +
			`,"badges":["HIGH_DEMAND","LOW_STOCK"]}`},
		{Product{ProductID: "5", Stock: &signal.Stock{OnHand: -1}},
			`{"product_id":"5","stock":{"on_hand":-1,"known":false,"barrier":null,` +
				`"as_of":0,"version":0,"badge":null},"velocity":null,"badges":[]}`},
		{Product{ProductID: "<5>"}, `{"product_id":"\u003c5\u003e","stock":null,"velocity":null,"badges":[]}`},
	} {
		if got, err := json.Marshal(test.product); err != nil || string(got) != test.want {
			t.Errorf("%v:\n got %s\nwant %s", err, got, test.want)
		}
	}
}
