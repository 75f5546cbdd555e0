package event

import "strings"

// decodeECOM decodes a GA4-like clickstream event: a view, cart add or purchase becomes one event
// an item. Other events are ignored, and so are refunds unless Rules.ReturnRefunds is set.
func (d *Decoder) decodeECOM() (r *Refusal) {
	t, ignore, r := d.ecomType()
	if r != nil || ignore {
		return r
	}
	e := d.newEvent(ECOM, t)
	if e.StoreID, r = d.ecomStore(); r != nil {
		return r
	}
	if r = d.setTime(&e, &d.doc.fields[fieldTimestamp], "timestamp"); r != nil {
		return r
	}
	if r = d.setLabels(&e); r != nil {
		return r
	}
	items, name := &d.doc.ecommerce.items, "ecommerce.items"
	if t == Sale {
		bought := &d.doc.ecommerce.purchase
		if bought.kind != absent && bought.kind != object {
			return refusal(BadField, "ecommerce.purchase is not an object")
		}
		if e.OrderNumber, r = d.transactionID(); r != nil {
			return r
		}
		if bought.items.kind != absent || bought.kind == object && items.kind == absent {
			items, name = &bought.items, "ecommerce.purchase.items"
		}
	}
	if r = d.setEventID(&e, e.OrderNumber); r != nil {
		return r
	}
	if k := d.doc.fields[fieldEcommerce].kind; k != absent && k != object {
		return refusal(BadField, "ecommerce is not an object")
	}
	return d.emitItems(&e, items, name)
}

// ecomType returns the type for the name of the clickstream event. If the event is to be ignored,
// it sets d.out.Ignored.
func (d *Decoder) ecomType() (t Type, ignore bool, r *Refusal) {
	v := &d.doc.fields[fieldEvent]
	switch v.kind {
	case absent:
		return 0, false, missing("event")
	case text, cell:
	default:
		return 0, false, refusal(BadField, "event: "+v.quote()+" is not a string")
	}
	name := v.text(d.scratch[:0])
	switch string(name) {
	case "view_item":
		return View, false, nil
	case "browse":
		if !d.hasNoItems() {
			return View, false, nil
		}
	case "add_to_cart", "add-to-cart":
		return CartAdd, false, nil
	case "purchase":
		return Sale, false, nil
	case "refund":
		if d.ReturnRefunds {
			d.returned = true
			return Sale, false, nil
		}
	}
	d.out.Ignored, d.out.IgnoredName = 1, d.ignored.name(name)
	return 0, true, nil
}

// transactionID returns the id of a purchase or refund. It is empty if the id is absent or a
// placeholder.
func (d *Decoder) transactionID() (string, *Refusal) {
	e := &d.doc.ecommerce
	id, r := d.label(&e.purchase.transactionID, "ecommerce.purchase.transaction_id")
	if r == nil && isPlaceholder(id) {
		id, r = d.label(&e.transactionID, "ecommerce.transaction_id")
	}
	if r != nil || isPlaceholder(id) {
		return "", r
	}
	return id, nil
}

// placeholders are the values that web shops send in place of a transaction id. Case is ignored.
var placeholders = [...]string{"", "0", "(not set)", "null", "undefined", "none"}

func isPlaceholder(id string) bool {
	id = strings.TrimSpace(id)
	for _, p := range placeholders {
		if strings.EqualFold(id, p) {
			return true
		}
	}
	return false
}

// hasNoItems reports whether the event has no items.
func (d *Decoder) hasNoItems() bool {
	switch d.doc.fields[fieldEcommerce].kind {
	case absent:
		return true
	case object:
		items := &d.doc.ecommerce.items
		return items.kind == absent || items.kind == array && len(items.items) == 0
	default:
		return false
	}
}

// ecomStore returns the store that fulfils the order, or the online store.
func (d *Decoder) ecomStore() (string, *Refusal) {
	switch {
	case d.has(fieldStoreID):
		return d.storeID()
	case d.OnlineStore != "":
		return d.OnlineStore, nil
	default:
		return defaultOnlineStore, nil
	}
}
