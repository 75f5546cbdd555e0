package demo

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/beamlytics/streamlytics/signal"
	"github.com/beamlytics/streamlytics/tools/demo/liveview"
	"github.com/beamlytics/streamlytics/tools/retail"
)

// shown is how many of the busiest products are read in full. A screen has fewer lines.
const shown = 32

// lowStockReads is the most pairs of store and product of which a frame reads the badge. With many
// stores these are the busiest products only.
const lowStockReads = 1024

// storefront reads the signals as a storefront does: from Redis alone. It is not safe for
// concurrent use.
type storefront struct {
	rdb      redis.UniversalClient
	products []retail.Product
	stores   []retail.Store
	trends   trends
	hot      map[string]bool // products that had HIGH_DEMAND over all stores at any time
}

func newStorefront(rdb redis.UniversalClient, w *retail.World) *storefront {
	return &storefront{rdb: rdb, products: w.Products(), stores: w.Stores(), hot: map[string]bool{}}
}

// name returns the name of a product, or its id if there is no such product.
func (s *storefront) name(id string) string {
	for _, p := range s.products {
		if p.ID == id {
			return p.Name
		}
	}
	return id
}

// velocity is the fields of a velocity key that a storefront uses.
type velocity struct {
	Window    string  `json:"window"`
	UnitsSold int64   `json:"units_sold"`
	UnitsHour int64   `json:"units_1h"`
	UnitsDay  int64   `json:"units_24h"`
	Badge     *string `json:"badge"`
	Message   string  `json:"message"`
	AsOf      int64   `json:"as_of"`
}

// parseVelocity reads the value of a velocity key. An empty value, that of a key that does not
// exist, gives the zero velocity.
func parseVelocity(value string) (v velocity, err error) {
	if value == "" {
		return v, nil
	}
	if err := json.Unmarshal([]byte(value), &v); err != nil {
		return v, fmt.Errorf("read velocity %q: %w", value, err)
	}
	return v, nil
}

// row is a product with its velocity, before its stock is read.
type row struct {
	retail.Product
	velocity
	position int          // in the catalogue
	shop     retail.Store // where it sells most; no id: nowhere
}

// busiest returns the products that sell best, best first. played is clock time since the start.
func (s *storefront) busiest(ctx context.Context, played time.Duration) ([]liveview.Product, error) {
	keys := make([]string, len(s.products))
	for i, p := range s.products {
		keys[i] = signal.VelocityKey("", p.ID)
	}
	values, err := mget(ctx, s.rdb, keys)
	if err != nil {
		return nil, err
	}
	var rows []row
	sold := make([]int64, len(s.products))
	for i, value := range values {
		v, err := parseVelocity(value)
		if err != nil {
			return nil, err
		}
		sold[i] = v.UnitsHour
		if v.Badge != nil && *v.Badge == signal.HighDemand {
			s.hot[s.products[i].ID] = true
		}
		if v.UnitsDay > 0 {
			rows = append(rows, row{Product: s.products[i], velocity: v, position: i})
		}
	}
	s.trends.add(played, sold)
	slices.SortFunc(rows, func(a, b row) int {
		return cmp.Or(cmp.Compare(b.UnitsHour, a.UnitsHour), cmp.Compare(b.UnitsDay, a.UnitsDay),
			cmp.Compare(a.ID, b.ID))
	})
	rows = rows[:min(shown, len(rows))]
	if err := s.findShops(ctx, rows); err != nil {
		return nil, err
	}
	return s.compose(ctx, rows)
}

// findShops sets the shop in which each product sells most.
func (s *storefront) findShops(ctx context.Context, rows []row) error {
	var keys []string
	for _, r := range rows {
		for _, store := range s.stores {
			keys = append(keys, signal.VelocityKey(store.ID, r.ID))
		}
	}
	values, err := mget(ctx, s.rdb, keys)
	if err != nil {
		return err
	}
	for i := range rows {
		var most velocity
		for j, store := range s.stores {
			v, err := parseVelocity(values[i*len(s.stores)+j])
			if err != nil {
				return err
			}
			if v.UnitsHour > most.UnitsHour || v.UnitsHour == most.UnitsHour && v.UnitsDay > most.UnitsDay {
				most, rows[i].shop = v, store
			}
		}
	}
	return nil
}

// compose adds stock and badges to rows.
func (s *storefront) compose(ctx context.Context, rows []row) ([]liveview.Product, error) {
	pipe := s.rdb.Pipeline()
	global, local := make([]stockReply, len(rows)), make([]stockReply, len(rows))
	lows := make([][]*redis.StringCmd, min(len(rows), lowStockReads/len(s.stores)))
	for i, r := range rows {
		global[i] = readStock(ctx, pipe, "", r.ID)
		if r.shop.ID != "" {
			local[i] = readStock(ctx, pipe, r.shop.ID, r.ID)
		}
		if i >= len(lows) {
			continue
		}
		for _, store := range s.stores {
			lows[i] = append(lows[i], pipe.HGet(ctx, signal.StockMetaKey(store.ID, r.ID), "badge"))
		}
	}
	if _, err := pipe.Exec(ctx); err != nil && !errors.Is(err, redis.Nil) {
		return nil, fmt.Errorf("read stock: %w", err)
	}
	products := make([]liveview.Product, len(rows))
	for i, r := range rows {
		p := liveview.Product{
			Name: r.Name, Shop: r.shop.Name, Units: r.UnitsSold, Window: r.Window, Message: r.Message,
			Trend: s.trends.of(r.position),
		}
		if r.Badge != nil {
			p.Badges = append(p.Badges, *r.Badge)
		}
		var low, lowThere bool
		p.Stock, low = global[i].stock()
		p.ShopStock, lowThere = local[i].stock()
		switch {
		case low:
		case lowThere:
			p.LowIn = r.shop.Name
		case i < len(lows):
			p.LowIn = s.lowIn(lows[i])
		}
		if low || p.LowIn != "" {
			p.Badges = append(p.Badges, signal.LowStock)
		}
		products[i] = p
	}
	return products, nil
}

// lowIn returns the name of the first store with LOW_STOCK, given the badge of each store, or "" if
// none has it.
func (s *storefront) lowIn(badges []*redis.StringCmd) string {
	i := slices.IndexFunc(badges, func(b *redis.StringCmd) bool { return b.Val() == signal.LowStock })
	if i < 0 {
		return ""
	}
	return s.stores[i].Name
}

// stockReply is the answer to one read of the stock of a product. The zero value is that of a stock
// that was not read.
type stockReply struct {
	onHand *redis.StringCmd
	meta   *redis.SliceCmd
}

func readStock(ctx context.Context, pipe redis.Pipeliner, store, product string) stockReply {
	return stockReply{
		onHand: pipe.Get(ctx, signal.StockKey(store, product)),
		meta:   pipe.HMGet(ctx, signal.StockMetaKey(store, product), "known", "badge"),
	}
}

func (r stockReply) stock() (s liveview.Stock, low bool) {
	if r.onHand == nil {
		return s, false
	}
	n, err := strconv.ParseInt(r.onHand.Val(), 10, 64)
	meta := r.meta.Val()
	if err != nil || len(meta) != 2 {
		return s, false
	}
	return liveview.Stock{OnHand: n, Known: meta[0] == "1"}, meta[1] == signal.LowStock
}
