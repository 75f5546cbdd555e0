package signal_test

import (
	"bytes"
	"encoding/json"
	"fmt"

	"github.com/beamlytics/streamlytics/signal"
)

// The keys of a product in a store, and over all stores.
func ExampleStockKey() {
	fmt.Println(signal.StockKey("12", "BLUE SHIRT-XL"))
	fmt.Println(signal.StockMetaKey("12", "BLUE SHIRT-XL"))
	fmt.Println(signal.StockKey("", "555"))
	// Output:
	// stock:12:BLUE%20SHIRT-XL
	// {stock:12:BLUE%20SHIRT-XL}:meta
	// stock:global:555
}

// The value of a velocity key.
func ExampleVelocity_AppendJSON() {
	v := signal.Velocity{StoreID: "12", ProductID: "555", Window: signal.WindowDay, UnitsHour: 3, UnitsDay: 120,
		ViewsHour: 40, ViewsDay: 800, CartsHour: 5, CartsDay: 160, AsOf: 1795780800076}
	fmt.Println(v.Key())
	var b bytes.Buffer
	if err := json.Indent(&b, v.AppendJSON(nil), "", "  "); err != nil {
		panic(err)
	}
	fmt.Println(b.String())
	// Output:
	// velocity:12:555:1hr
	// {
	//   "product_id": "555",
	//   "store_id": "12",
	//   "window": "24h",
	//   "units_sold": 120,
	//   "units_1h": 3,
	//   "units_24h": 120,
	//   "views_1h": 40,
	//   "cart_adds_1h": 5,
	//   "views_24h": 800,
	//   "cart_adds_24h": 160,
	//   "rate_per_hour": 5,
	//   "badge": null,
	//   "message": "120 sold in last 24 hours",
	//   "as_of": 1795780800076
	// }
}
