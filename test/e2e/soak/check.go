package soak

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"github.com/redis/go-redis/v9"

	"github.com/beamlytics/streamlytics/test/truth"
)

// Report is the outcome of a check.
type Report struct {
	Keys, Wrong, Missing, Extra int
	Samples                     []string // the first few faults, for a person
}

// OK reports whether nothing was found.
func (r *Report) OK() bool { return r.Wrong+r.Missing+r.Extra == 0 }

func (r *Report) fault(count *int, format string, args ...any) {
	*count++
	if len(r.Samples) < 5 {
		r.Samples = append(r.Samples, fmt.Sprintf(format, args...))
	}
}

// Span is a stretch of the program's clock, epoch ms: what it may show now, at least and at most.
type Span struct{ From, To int64 }

// Check holds Redis against the truth: every stock key with its meta hash, every velocity key by its existence, those of the
// sampled products count by count, and whether there are keys that should not exist. It is for a moment when all that was made
// up has been acknowledged. now says how old the velocity signals may be. The error says that Redis could not be read.
func (w *World) Check(ctx context.Context, rdb redis.UniversalClient, now Span) (*Report, error) {
	r := &Report{}
	global := map[string]int64{}
	var stock, velocity, perhaps int
	looks := map[string]bool{} // products that must have a velocity signal, and false: that may have one
	err := w.inChunks(func(keys []truth.Key) error {
		for _, key := range keys {
			p := w.pairs[key]
			if p.known {
				global[key.Product] += p.onHand
			}
			if p.stocked {
				stock++
			}
			switch {
			case p.demand > now.To-day:
				velocity++
				looks[key.Product] = true
			case p.demand > now.From-day-hour:
				perhaps++
				if !looks[key.Product] {
					looks[key.Product] = false // it is there
				}
			}
		}
		return w.checkPairs(ctx, rdb, r, keys, now)
	})
	if err != nil {
		return nil, err
	}
	if err := w.checkGlobal(ctx, rdb, r, global, looks); err != nil {
		return nil, err
	}
	if err := w.checkSampled(ctx, rdb, r, now); err != nil {
		return nil, err
	}
	r.Keys = stock + len(global) + velocity + len(looks)
	if err := count(ctx, rdb, r, "stock:*", stock+len(global)); err != nil {
		return nil, err
	}
	return r, count(ctx, rdb, r, "velocity:*", velocity+perhaps+len(looks))
}

const chunk = 500

// inChunks hands all pairs to f, some hundred at a time.
func (w *World) inChunks(f func([]truth.Key) error) error {
	keys := make([]truth.Key, 0, chunk)
	for key := range w.pairs {
		if keys = append(keys, key); len(keys) == chunk {
			if err := f(keys); err != nil {
				return err
			}
			keys = keys[:0]
		}
	}
	return f(keys)
}

func (w *World) checkPairs(ctx context.Context, rdb redis.Cmdable, r *Report, keys []truth.Key, now Span) error {
	pipe := rdb.Pipeline()
	values, metas, exist := make([]*redis.StringCmd, len(keys)), make([]*redis.SliceCmd, len(keys)), make([]*redis.IntCmd, len(keys))
	for i, key := range keys {
		values[i] = pipe.Get(ctx, key.StockName())
		metas[i] = pipe.HMGet(ctx, key.MetaName(), "known", "barrier")
		exist[i] = pipe.Exists(ctx, key.VelocityName())
	}
	if _, err := pipe.Exec(ctx); err != nil && !errors.Is(err, redis.Nil) {
		return err
	}
	for i, key := range keys {
		p := w.pairs[key]
		if p.stocked {
			r.judgeStock(key, p, values[i], metas[i])
		}
		if p.demand > now.To-day && exist[i].Val() == 0 {
			r.fault(&r.Missing, "the velocity of %v is missing", key)
		}
	}
	return nil
}

func (r *Report) judgeStock(key truth.Key, p *pair, value *redis.StringCmd, meta *redis.SliceCmd) {
	known, barrier := "0", ""
	if p.known {
		known, barrier = "1", strconv.FormatInt(p.counted, 10)
	}
	got := meta.Val()
	switch {
	case value.Err() != nil:
		r.fault(&r.Missing, "the stock of %v is missing, want %d", key, p.onHand)
	case value.Val() != strconv.FormatInt(p.onHand, 10):
		r.fault(&r.Wrong, "the stock of %v is %s, want %d", key, value.Val(), p.onHand)
	case len(got) != 2 || got[0] != known || got[1] != barrier:
		r.fault(&r.Wrong, "the stock of %v has known and barrier %v, want %s and %s", key, got, known, barrier)
	}
}

func (w *World) checkGlobal(ctx context.Context, rdb redis.Cmdable, r *Report, global map[string]int64, looks map[string]bool) error {
	pipe := rdb.Pipeline()
	values, exist := map[string]*redis.StringCmd{}, map[string]*redis.IntCmd{}
	for product := range global {
		values[product] = pipe.Get(ctx, truth.Key{Product: product}.StockName())
	}
	for product, must := range looks {
		if !must {
			continue
		}
		exist[product] = pipe.Exists(ctx, truth.Key{Product: product}.VelocityName())
	}
	if _, err := pipe.Exec(ctx); err != nil && !errors.Is(err, redis.Nil) {
		return err
	}
	for product, want := range global {
		switch got := values[product]; {
		case got.Err() != nil:
			r.fault(&r.Missing, "the stock of %s over all stores is missing, want %d", product, want)
		case got.Val() != strconv.FormatInt(want, 10):
			r.fault(&r.Wrong, "the stock of %s over all stores is %s, want %d", product, got.Val(), want)
		}
	}
	for product, exists := range exist {
		if exists.Val() == 0 {
			r.fault(&r.Missing, "the velocity of %s over all stores is missing", product)
		}
	}
	return nil
}

// count finds more keys of a pattern than there may be. Fewer are missing, which is found key by key.
func count(ctx context.Context, rdb redis.UniversalClient, r *Report, pattern string, want int) error {
	keys, err := truth.ScanKeys(ctx, rdb, pattern)
	if len(keys) > want {
		r.Extra += len(keys) - want - 1
		r.fault(&r.Extra, "there are %d keys %s, want %d", len(keys), pattern, want)
	}
	return err
}
