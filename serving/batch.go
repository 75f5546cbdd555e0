package serving

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/beamlytics/streamlytics/signal"
)

// metaCommand reads the hash beside a stock key. Its second element is the key.
var metaCommand = []any{"hmget", nil, "version", "known", "barrier", "as_of", "badge"}

// keysPer is the number of keys of a pair: meta hash, stock and velocity.
const keysPer = 3

// batch is the commands of one read: an HMGET for each pair, then one MGET of all stock and velocity
// keys, or a GET for each, because in a cluster they are in different slots.
type batch struct {
	keys []string
	cmds []redis.Cmder
	mget *redis.SliceCmd // nil if there are GETs
}

// newBatch makes the commands. The hash is read before the on-hand beside it, so a write between the
// two leaves an old version beside a new on-hand. Whoever keeps the greater version of two copies
// thus never keeps an old on-hand.
func newBatch(ctx context.Context, pairs []Pair, single bool) *batch {
	n := len(pairs)
	b := &batch{keys: make([]string, 0, keysPer*n), cmds: make([]redis.Cmder, 0, keysPer*n)}
	hmgets := make([]any, 0, n*len(metaCommand))
	mget := append(make([]any, 0, 1+2*n), "mget")
	for _, p := range pairs {
		b.keys = append(b.keys, signal.StockMetaKey(p.Store, p.Product), signal.StockKey(p.Store, p.Product),
			signal.VelocityKey(p.Store, p.Product))
		key := b.keys[len(b.keys)-keysPer:]
		hmgets = append(hmgets, metaCommand...)
		hmget := hmgets[len(hmgets)-len(metaCommand):]
		hmget[1] = &key[0] // a pointer costs no allocation
		b.cmds = append(b.cmds, redis.NewSliceCmd(ctx, hmget...))
		mget = append(mget, &key[1], &key[2])
	}
	if single {
		b.mget = redis.NewSliceCmd(ctx, mget...)
		b.cmds = append(b.cmds, b.mget)
		return b
	}
	for _, key := range mget[1:] {
		b.cmds = append(b.cmds, redis.NewStringCmd(ctx, "get", key))
	}
	return b
}

// value returns the stock (0) or the velocity (1) of pair i, and whether the key has one. A key that
// holds no string has none, as MGET has it.
func (b *batch) value(i, which int) (text string, ok bool, err error) {
	if b.mget != nil {
		if err := b.mget.Err(); err != nil {
			return "", false, err
		}
		text, ok = b.mget.Val()[2*i+which].(string)
		return text, ok, nil
	}
	text, err = b.cmds[len(b.keys)/keysPer+2*i+which].(*redis.StringCmd).Result()
	if errors.Is(err, redis.Nil) || redis.HasErrorPrefix(err, "WRONGTYPE") {
		return "", false, nil
	}
	return text, err == nil, err
}

// read composes pair i into p, which has its ids. now is the clock in milliseconds. The error names
// the key.
func (b *batch) read(i int, now int64, p *Product) error {
	key := b.keys[keysPer*i:]
	meta, err := b.cmds[i].(*redis.SliceCmd).Result()
	if err != nil {
		return keyError(key[0], err)
	}
	if text, ok, err := b.value(i, 0); err != nil {
		return keyError(key[1], err)
	} else if ok {
		s := signal.Stock{StoreID: p.StoreID, ProductID: p.ProductID}
		if s.OnHand, err = strconv.ParseInt(text, 10, 64); err != nil {
			return keyError(key[1], err)
		}
		if err := setMeta(&s, meta); err != nil {
			return keyError(key[0], err)
		}
		p.Stock = &s
	}
	if text, ok, err := b.value(i, 1); err != nil {
		return keyError(key[2], err)
	} else if ok {
		v, err := signal.ParseVelocity(text)
		if err != nil {
			return keyError(key[2], err)
		}
		v.StoreID, v.ProductID = p.StoreID, p.ProductID // the same, and not parts of text, which may go
		if age := now - v.AsOf; age <= v.WindowMs() {
			p.Velocity, p.oldHour = &v, age > time.Hour.Milliseconds()
		}
	}
	return nil
}

// setMeta sets the fields that are in the hash. Without a version the hash is gone or not the
// pipeline's, and the on-hand stays unknown.
func setMeta(s *signal.Stock, meta []any) (err error) {
	var field [5]string
	for i := range field {
		field[i], _ = meta[i].(string) // nil: absent
	}
	if field[0] == "" {
		return nil
	}
	for _, f := range [...]struct {
		to   *int64
		text string
	}{{&s.Version, field[0]}, {&s.Barrier, field[2]}, {&s.AsOf, field[3]}} {
		if f.text == "" {
			continue
		}
		if *f.to, err = strconv.ParseInt(f.text, 10, 64); err != nil {
			return err
		}
	}
	s.Known, s.Badge = field[1] == "1", field[4]
	return nil
}

// keyError returns what could not be read and why. A connection has the deadline of its context, and
// notices it first.
func keyError(key string, err error) error {
	if errors.Is(err, os.ErrDeadlineExceeded) {
		err = fmt.Errorf("%w: %w", context.DeadlineExceeded, err)
	}
	return fmt.Errorf("read %s: %w", key, err)
}
