package serving_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"

	"github.com/beamlytics/streamlytics/serving"
)

// redisAt is the address of a Redis with what the pipeline has written about product 555.
var redisAt = func() string {
	server, err := miniredis.Run()
	if err != nil {
		panic(err)
	}
	for key, value := range map[string]string{
		"stock:12:555": "4", "stock:34:555": "200", "stock:global:555": "204",
		"velocity:12:555:1hr": fmt.Sprintf(`{"product_id":"555","store_id":"12","window":"1h","units_sold":11,`+
			`"units_1h":11,"units_24h":11,"views_1h":0,"cart_adds_1h":0,"views_24h":0,"cart_adds_24h":0,`+
			`"rate_per_hour":11,"badge":"HIGH_DEMAND","message":"11 sold in last hour",`+
			`"as_of":%d}`, time.Now().UnixMilli()),
	} {
		if err := server.Set(key, value); err != nil {
			panic(err)
		}
	}
	server.HSet("{stock:12:555}:meta", "version", "1795450795503757", "known", "1", "badge", "LOW_STOCK")
	server.HSet("{stock:34:555}:meta", "version", "1795450795503758", "known", "1", "badge", "")
	server.HSet("{stock:global:555}:meta", "version", "1795450795503758", "known", "1", "badge", "")
	return server.Addr()
}()

// A product page: what to show of product 555 in store 12.
func ExampleClient_Product() {
	rdb := redis.NewClient(&redis.Options{Addr: redisAt, ContextTimeoutEnabled: true})
	defer rdb.Close()
	client := serving.NewClient(rdb, nil)

	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	p, err := client.Product(ctx, "12", "555")
	if err != nil {
		fmt.Println(err) // and show the page without signals
		return
	}
	if p.Stock != nil && p.Stock.Known {
		fmt.Println(max(p.Stock.OnHand, 0), "in stock")
	}
	if v := p.Velocity; v != nil && v.UnitsSold() > 0 {
		fmt.Println(string(v.AppendMessage(nil)))
	}
	fmt.Println(p.Badges())
	// Output:
	// 4 in stock
	// 11 sold in last hour
	// [HIGH_DEMAND LOW_STOCK]
}

// A list of products over all stores, in one round trip.
func ExampleClient_Products() {
	rdb := redis.NewClient(&redis.Options{Addr: redisAt, ContextTimeoutEnabled: true})
	defer rdb.Close()
	client := serving.NewClient(rdb, nil)

	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	products, err := client.Products(ctx, "", []string{"555", "556"})
	var failed *serving.ReadError
	if errors.As(err, &failed) {
		fmt.Println(err) // the products that failed.Pairs does not list are there
	}
	for _, p := range products {
		switch {
		case p.Empty():
			fmt.Println(p.ProductID, "has no signal")
		case p.Stock != nil:
			fmt.Println(p.ProductID, "has", p.Stock.OnHand, "in all stores")
		}
	}
	// Output:
	// 555 has 204 in all stores
	// 556 has no signal
}
