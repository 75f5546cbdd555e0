// Package serving reads signals from Redis, for storefronts in Go and for the HTTP API.
//
// A [Product] is what Redis holds about a product in one store, or over all stores: stock, velocity
// and badges. docs/SIGNALS.md lists the keys and what a storefront shows. Quantities are units, and
// times are milliseconds since the Unix epoch by the clock of the pipeline.
//
// A signal that Redis does not hold is no error; its part of the Product is nil. What could not be
// read is a [ReadError]: Redis cannot be reached, refuses a command, or holds a value that is not a
// signal.
package serving

import (
	"cmp"
	"context"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"
)

// Pair names a product in one store, or over all stores if Store is empty.
type Pair struct {
	Store   string `json:"store,omitempty"`
	Product string `json:"product"`
}

// Client reads signals. It changes nothing in Redis, it keeps nothing, and it is safe for
// concurrent use.
type Client struct {
	redis     redis.UniversalClient
	now       func() time.Time
	single    bool // one server holds all keys
	deadlines bool // redis itself returns by the deadline of a context
}

// NewClient returns a client that reads from rdb, which the caller closes. Timeouts and retries are
// those of rdb. It should have ContextTimeoutEnabled: without, each call takes a goroutine to
// return by its deadline, and drops what a cluster has answered until then. now is the clock of the
// pipeline, by which signals grow old; nil is the wall clock.
func NewClient(rdb redis.UniversalClient, now func() time.Time) *Client {
	if now == nil {
		now = time.Now
	}
	c := &Client{redis: rdb, now: now}
	switch rdb := rdb.(type) {
	case *redis.Client:
		c.single, c.deadlines = true, rdb.Options().ContextTimeoutEnabled
	case *redis.ClusterClient:
		c.deadlines = rdb.Options().ContextTimeoutEnabled
	}
	return c
}

// Product reads the signals of a product in a store, or over all stores if store is empty.
func (c *Client) Product(ctx context.Context, store, product string) (Product, error) {
	products, err := c.Read(ctx, []Pair{{store, product}})
	return products[0], err
}

// Products is Read for products in one store, or over all stores if store is empty.
func (c *Client) Products(ctx context.Context, store string, products []string) ([]Product, error) {
	pairs := make([]Pair, len(products))
	for i, p := range products {
		pairs[i] = Pair{store, p}
	}
	return c.Read(ctx, pairs)
}

// Read reads the signals of pairs in one round trip: of a cluster, in one to each of its masters
// that holds a key. It returns by the deadline of ctx. The result has a Product for each pair, in
// their order. The error is nil or a *ReadError; a Product of a pair that it lists has only ids.
// Without pairs nothing is sent.
func (c *Client) Read(ctx context.Context, pairs []Pair) ([]Product, error) {
	products := make([]Product, len(pairs))
	if len(pairs) == 0 {
		return products, nil
	}
	q := newQuery(ctx, c.redis, pairs, c.single)
	q.exec(ctx, c.deadlines)
	now := c.now().UnixMilli()
	var failed ReadError
	for i, pair := range pairs {
		var err error
		if products[i], err = q.read(i, pair, now); err != nil {
			failed.Pairs, failed.Err = append(failed.Pairs, pair), cmp.Or(failed.Err, err)
		}
	}
	if len(failed.Pairs) > 0 {
		return products, &failed
	}
	return products, nil
}

// ReadError reports the pairs whose signals could not be read.
type ReadError struct {
	Pairs []Pair // in the order of the call; not empty
	Err   error  // of the first pair; it names a key
}

// Error returns the error of the first pair and the number of the others.
func (e *ReadError) Error() string {
	if more := len(e.Pairs) - 1; more > 0 {
		return fmt.Sprintf("%v (and %d more)", e.Err, more)
	}
	return e.Err.Error()
}

// Unwrap returns Err.
func (e *ReadError) Unwrap() error { return e.Err }
