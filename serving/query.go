package serving

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/beamlytics/streamlytics/signal"
)

// query is the commands of one read: an HMGET for each pair, then one MGET of all stock and
// velocity keys, or a GET for each, because in a cluster they are in different slots.
type query struct {
	pipe  redis.Pipeliner
	metas []*redis.SliceCmd
	mget  *redis.SliceCmd    // nil if there are GETs
	gets  []*redis.StringCmd // stock and velocity of each pair in turn, as in mget
	sent  error              // of sending all commands; only they have it where a login is refused
	ended error              // of a context, which left the commands without results
}

// newQuery makes the commands. The hash is read before the on-hand beside it, so a write between
// the two leaves an old version beside a new on-hand. Whoever keeps the greater version of two
// copies thus never keeps an old on-hand.
func newQuery(ctx context.Context, rdb redis.UniversalClient, pairs []Pair, single bool) *query {
	q := &query{pipe: rdb.Pipeline()}
	keys := make([]string, 0, 2*len(pairs))
	for _, p := range pairs {
		q.metas = append(q.metas, q.pipe.HMGet(ctx, signal.StockMetaKey(p.Store, p.Product),
			"version", "known", "barrier", "as_of", "badge"))
		keys = append(keys, signal.StockKey(p.Store, p.Product), signal.VelocityKey(p.Store, p.Product))
	}
	if single {
		q.mget = q.pipe.MGet(ctx, keys...)
		return q
	}
	for _, key := range keys {
		q.gets = append(q.gets, q.pipe.Get(ctx, key))
	}
	return q
}

// exec sends the commands and waits for their results or the end of ctx. deadlines: the client of
// Redis itself returns by then.
func (q *query) exec(ctx context.Context, deadlines bool) {
	done := make(chan struct{})
	run := func() {
		defer close(done)
		_, q.sent = q.pipe.Exec(ctx)
	}
	if deadlines {
		run()
		return
	}
	go run()
	select {
	case <-done:
	case <-ctx.Done():
		q.ended = context.Cause(ctx)
	}
}

// value returns the value of key n of MGET, and whether there is one. A key that holds no string
// has none, as MGET has it.
func (q *query) value(n int) (text string, ok bool, err error) {
	if q.mget != nil {
		if err = q.mget.Err(); err == nil {
			text, ok = q.mget.Val()[n].(string)
		}
		return text, ok, err
	}
	text, err = q.gets[n].Result()
	if errors.Is(err, redis.Nil) || redis.HasErrorPrefix(err, "WRONGTYPE") {
		return "", false, nil
	}
	return text, err == nil, err
}

// read composes the product of pair i. now is the clock in milliseconds. The error names the key;
// the product then has only ids.
func (q *query) read(i int, pair Pair, now int64) (Product, error) {
	p := Product{StoreID: pair.Store, ProductID: pair.Product}
	stock, err := q.stock(i, pair)
	if err != nil {
		return p, err
	}
	text, ok, err := q.value(2*i + 1)
	if ok {
		var v signal.Velocity
		if v, err = signal.ParseVelocity(text); err == nil && now-v.AsOf <= v.WindowMs() {
			p.Velocity, p.oldHour = &v, now-v.AsOf > time.Hour.Milliseconds()
		}
	}
	if err != nil {
		return p, keyError(signal.VelocityKey(pair.Store, pair.Product), err)
	}
	p.Stock = stock
	return p, nil
}

// stock returns the stock of pair i, or nil if there is none.
func (q *query) stock(i int, pair Pair) (*signal.Stock, error) {
	if q.ended != nil {
		return nil, keyError(signal.StockKey(pair.Store, pair.Product), q.ended)
	}
	meta, err := q.metas[i].Result()
	if len(meta) == 0 {
		err = cmp.Or(err, q.sent)
	}
	if err != nil {
		return nil, keyError(signal.StockMetaKey(pair.Store, pair.Product), err)
	}
	s := signal.Stock{StoreID: pair.Store, ProductID: pair.Product}
	text, ok, err := q.value(2 * i)
	if ok {
		s.OnHand, err = strconv.ParseInt(text, 10, 64)
	}
	if err != nil {
		return nil, keyError(signal.StockKey(pair.Store, pair.Product), err)
	} else if !ok {
		return nil, nil
	}
	if meta[0] == nil { // the hash is gone or not the pipeline's: the on-hand is not known
		return &s, nil
	}
	number := func(value any) (n int64) {
		if text, _ := value.(string); text != "" && err == nil {
			n, err = strconv.ParseInt(text, 10, 64)
		}
		return n
	}
	s.Version, s.Known, s.Barrier, s.AsOf = number(meta[0]), meta[1] == "1", number(meta[2]), number(meta[3])
	s.Badge, _ = meta[4].(string)
	if err != nil {
		return nil, keyError(signal.StockMetaKey(pair.Store, pair.Product), err)
	}
	return &s, nil
}

// keyError returns what could not be read and why. A connection has the deadline of its context,
// and notices it first.
func keyError(key string, err error) error {
	if errors.Is(err, os.ErrDeadlineExceeded) {
		err = fmt.Errorf("%w: %w", context.DeadlineExceeded, err)
	}
	return fmt.Errorf("read %s: %w", key, err)
}
