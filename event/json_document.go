package event

// field identifies a top-level field that at least one format uses.
type field uint8

const (
	noField field = iota
	fieldClientID
	fieldCount
	fieldCountedAt
	fieldDepartmentID
	fieldEcommerce
	fieldEvent
	fieldEventID
	fieldItems
	fieldLine
	fieldOccurredAt
	fieldOrderNumber
	fieldPrice
	fieldProductCount
	fieldProductID
	fieldQuantity
	fieldSKU
	fieldStoreID
	fieldTerminalID
	fieldTimeOfSale
	fieldTimestamp
	fieldType
	fieldUserID
	numFields
)

var fieldNames = [numFields]string{
	fieldClientID:     "client_id",
	fieldCount:        "count",
	fieldCountedAt:    "counted_at",
	fieldDepartmentID: "department_id",
	fieldEcommerce:    "ecommerce",
	fieldEvent:        "event",
	fieldEventID:      "event_id",
	fieldItems:        "items",
	fieldLine:         "line",
	fieldOccurredAt:   "occurred_at",
	fieldOrderNumber:  "order_number",
	fieldPrice:        "price",
	fieldProductCount: "product_count",
	fieldProductID:    "product_id",
	fieldQuantity:     "quantity",
	fieldSKU:          "sku",
	fieldStoreID:      "store_id",
	fieldTerminalID:   "terminal_id",
	fieldTimeOfSale:   "time_of_sale",
	fieldTimestamp:    "timestamp",
	fieldType:         "type",
	fieldUserID:       "user_id",
}

func (f field) String() string { return fieldNames[f] }

// fieldNamed returns the field of a name, or noField. It is the inverse of String. It is a switch
// because the compiler turns that into a search without hashing or allocation.
func fieldNamed(name []byte) field {
	switch string(name) {
	case "client_id":
		return fieldClientID
	case "count":
		return fieldCount
	case "counted_at":
		return fieldCountedAt
	case "department_id":
		return fieldDepartmentID
	case "ecommerce":
		return fieldEcommerce
	case "event":
		return fieldEvent
	case "event_id":
		return fieldEventID
	case "items":
		return fieldItems
	case "line":
		return fieldLine
	case "occurred_at":
		return fieldOccurredAt
	case "order_number":
		return fieldOrderNumber
	case "price":
		return fieldPrice
	case "product_count":
		return fieldProductCount
	case "product_id":
		return fieldProductID
	case "quantity":
		return fieldQuantity
	case "sku":
		return fieldSKU
	case "store_id":
		return fieldStoreID
	case "terminal_id":
		return fieldTerminalID
	case "time_of_sale":
		return fieldTimeOfSale
	case "timestamp":
		return fieldTimestamp
	case "type":
		return fieldType
	case "user_id":
		return fieldUserID
	}
	return noField
}

// document holds the values of a message by field, for all formats, not yet validated. It is reused
// for each message, and its values point into the message.
type document struct {
	fields    [numFields]value
	items     list
	ecommerce struct {
		transactionID value
		items         list
		purchase      purchase
	}
}

// purchase is ecommerce.purchase. Its values are absent unless it is an object.
type purchase struct {
	kind          kind
	transactionID value
	items         list
}

// list is an items field. It has elements only if it is an array.
type list struct {
	kind  kind
	items []item
}

// item is one element of a list. Its values are absent unless it is an object.
type item struct {
	kind      kind
	productID value
	itemID    value
	sku       value
	quantity  value
	price     value
}

// maxKeptItems bounds the memory that is kept between messages, in items of a list.
const maxKeptItems = 4096

func (d *document) reset() {
	clear(d.fields[:])
	d.items.reset()
	d.ecommerce.transactionID = value{}
	d.ecommerce.items.reset()
	d.ecommerce.purchase.kind = absent
	d.ecommerce.purchase.transactionID = value{}
	d.ecommerce.purchase.items.reset()
}

func (l *list) reset() {
	l.kind = absent
	l.items = l.items[:0]
	if cap(l.items) > maxKeptItems {
		l.items = nil
	}
}
