// Package serving reads signals from Redis, for storefronts and for the HTTP API.
package serving

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/beamlytics/streamlytics/signal"
)

// Pair names a product in one store, or over all stores if Store is empty.
type Pair struct {
	Store   string `json:"store,omitempty"`
	Product string `json:"product"`
}

// Client reads signals. It only reads, it does not retry, and it is safe for concurrent use.
type Client struct {
	redis redis.UniversalClient
	now   func() time.Time
}

// NewClient returns a client that reads from rdb, which the caller closes. now is the clock of the
// pipeline, by which a velocity is older than its window; nil is the wall clock.
func NewClient(rdb redis.UniversalClient, now func() time.Time) *Client {
	if now == nil {
		now = time.Now
	}
	return &Client{redis: rdb, now: now}
}

// Product reads the signals of a product in a store, or over all stores if store is empty, in one
// round trip.
func (c *Client) Product(ctx context.Context, store, product string) (Product, error) {
	products, err := c.Read(ctx, []Pair{{store, product}})
	if err != nil {
		return Product{}, err
	}
	return products[0], nil
}

// Products reads the signals of products in one store, or over all stores if store is empty. The
// result has their order.
func (c *Client) Products(ctx context.Context, store string, products []string) ([]Product, error) {
	pairs := make([]Pair, len(products))
	for i, p := range products {
		pairs[i] = Pair{store, p}
	}
	return c.Read(ctx, pairs)
}

// metaFields are the fields of the hash beside the stock.
var metaFields = []string{"version", "known", "barrier", "as_of", "badge"}

// Read reads the signals of pairs in one round trip: of a cluster, in one to each of its masters.
// The result has the order of pairs.
func (c *Client) Read(ctx context.Context, pairs []Pair) ([]Product, error) {
	pipe := c.redis.Pipeline()
	metas := make([]*redis.SliceCmd, len(pairs))
	stocks, velocities := make([]*redis.StringCmd, len(pairs)), make([]*redis.StringCmd, len(pairs))
	for i, p := range pairs {
		// The hash comes first, so that a write in between leaves an old version beside a new
		// on-hand, and never a new version beside an old on-hand.
		metas[i] = pipe.HMGet(ctx, signal.StockMetaKey(p.Store, p.Product), metaFields...)
		stocks[i] = pipe.Get(ctx, signal.StockKey(p.Store, p.Product))
		velocities[i] = pipe.Get(ctx, signal.VelocityKey(p.Store, p.Product))
	}
	if _, err := pipe.Exec(ctx); err != nil && !errors.Is(err, redis.Nil) {
		return nil, fmt.Errorf("read the signals of %d products: %w", len(pairs), err)
	}
	products := make([]Product, len(pairs))
	for i, p := range pairs {
		var err error
		if products[i], err = c.compose(p, metas[i], stocks[i], velocities[i]); err != nil {
			return nil, err
		}
	}
	return products, nil
}

func (c *Client) compose(p Pair, meta *redis.SliceCmd, stock, velocity *redis.StringCmd) (Product, error) {
	out := Product{StoreID: p.Store, ProductID: p.Product}
	if stock.Err() == nil {
		s := signal.Stock{StoreID: p.Store, ProductID: p.Product}
		var err error
		if s.OnHand, err = stock.Int64(); err != nil {
			return out, fmt.Errorf("read %s: %w", s.Key(), err)
		}
		field := func(i int) string { text, _ := meta.Val()[i].(string); return text }
		s.Version, _ = strconv.ParseInt(field(0), 10, 64)
		s.Known = field(1) == "1"
		s.Barrier, _ = strconv.ParseInt(field(2), 10, 64)
		s.AsOf, _ = strconv.ParseInt(field(3), 10, 64)
		s.Badge = field(4)
		out.Stock = &s
	}
	if velocity.Err() == nil {
		v, err := signal.ParseVelocity([]byte(velocity.Val()))
		if err != nil {
			return out, fmt.Errorf("read %s: %w", signal.VelocityKey(p.Store, p.Product), err)
		}
		if c.now().UnixMilli()-v.AsOf <= v.WindowMs() {
			out.Velocity = &v
		}
	}
	return out, nil
}
