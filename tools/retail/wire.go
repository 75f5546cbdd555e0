package retail

import (
	"encoding/json"
	"fmt"
	"strconv"
	"time"
)

// style is the format of times and numbers in the messages of a store. All styles are valid and
// mean the same.
type style uint8

const (
	styleEpoch  style = iota // epoch ms, article numbers as integers
	styleUTC                 // RFC 3339 in UTC
	styleOffset              // RFC 3339 with an offset and microseconds, quantities like 2.0
	styles      = 3
)

var offsetZone = time.FixedZone("", 2*60*60)

// time returns epoch ms in the style.
func (s style) time(ms int64) any {
	switch s {
	case styleUTC:
		return time.UnixMilli(ms).UTC().Format("2006-01-02T15:04:05.000Z07:00")
	case styleOffset:
		// Readers cut off the digits beyond the millisecond.
		return time.UnixMilli(ms).Add(417 * time.Microsecond).In(offsetZone).Format("2006-01-02T15:04:05.000000Z07:00")
	default:
		return ms
	}
}

// quantity returns a number of units in the style.
func (s style) quantity(n int64) any {
	if s == styleOffset {
		return json.RawMessage(strconv.FormatInt(n, 10) + ".0")
	}
	return n
}

// article returns a product id in the style.
func (s style) article(id string) any {
	if s == styleEpoch {
		return json.RawMessage(id)
	}
	return id
}

// price returns cents as a decimal number.
func price(cents int64) json.RawMessage {
	return json.RawMessage(fmt.Sprintf("%d.%02d", cents/100, cents%100))
}

type posItem struct {
	ProductID any             `json:"product_id"`
	Quantity  any             `json:"quantity"`
	Price     json.RawMessage `json:"price,omitempty"`
}

type posMessage struct {
	EventID       string          `json:"event_id,omitempty"`
	OrderNumber   string          `json:"order_number"`
	Line          int             `json:"line,omitempty"`
	StoreID       string          `json:"store_id"`
	ProductID     any             `json:"product_id,omitempty"`
	ProductCount  any             `json:"product_count,omitempty"`
	Price         json.RawMessage `json:"price,omitempty"`
	Items         []posItem       `json:"items,omitempty"`
	Timestamp     any             `json:"timestamp"`
	TimeOfSale    any             `json:"time_of_sale,omitempty"`
	EventDatetime string          `json:"event_datetime,omitempty"`
}

// setTimes sets the time of the sale and the time at which the till sends it.
func (m *posMessage) setTimes(s style, soldAt, sentAt int64) {
	m.Timestamp = s.time(soldAt)
	switch s {
	case styleEpoch:
		m.TimeOfSale = 0 // a till that does not fill the field
		m.EventDatetime = time.UnixMilli(soldAt).UTC().Format("2006-01-02 15:04:05")
	case styleUTC:
		m.Timestamp, m.TimeOfSale = s.time(sentAt), s.time(soldAt)
	}
}

type ecomItem struct {
	ItemID   string          `json:"item_id"`
	Quantity int64           `json:"quantity,omitempty"`
	Price    json.RawMessage `json:"price,omitempty"`
}

type ecomPurchase struct {
	TransactionID string     `json:"transaction_id"`
	Items         []ecomItem `json:"items"`
}

type ecommerce struct {
	Items    []ecomItem    `json:"items,omitempty"`
	Purchase *ecomPurchase `json:"purchase,omitempty"`
}

type ecomMessage struct {
	Event     string     `json:"event"`
	EventID   string     `json:"event_id,omitempty"`
	Timestamp any        `json:"timestamp"`
	ClientID  string     `json:"client_id"`
	UserID    string     `json:"user_id,omitempty"`
	StoreID   string     `json:"store_id,omitempty"`
	Ecommerce *ecommerce `json:"ecommerce,omitempty"`
}

type wmsMessage struct {
	EventID   any    `json:"event_id"`
	Type      string `json:"type,omitempty"`
	StoreID   string `json:"store_id"`
	ProductID any    `json:"product_id,omitempty"`
	SKU       any    `json:"sku,omitempty"`
	Count     any    `json:"count"`
	Timestamp any    `json:"timestamp"`
	CountedAt any    `json:"counted_at,omitempty"`
}

type unifiedMessage struct {
	EventID    string `json:"event_id"`
	Type       string `json:"type"`
	StoreID    string `json:"store_id"`
	ProductID  string `json:"product_id"`
	Quantity   int64  `json:"quantity"`
	OccurredAt any    `json:"occurred_at"`
}

// encode encodes a message of this package as JSON.
func encode(message any) []byte {
	data, err := json.Marshal(message)
	if err != nil {
		// The messages hold strings, integers and well-formed numbers only.
		panic(fmt.Sprintf("retail: encode %T: %v", message, err))
	}
	return data
}
