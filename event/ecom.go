package event

// decodeECOM reads a clickstream event in the manner of GA4: views, cart adds and purchases, one event an item. The stream
// carries much else, which is none of our business and no error.
func (d *Decoder) decodeECOM() (r *Refusal) {
	t, ignore, r := d.ecomType()
	if r != nil {
		return r
	}
	if ignore {
		d.out.Ignored = 1
		return nil
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
		if e.OrderNumber, r = d.label(&bought.transactionID, "ecommerce.purchase.transaction_id"); r != nil {
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

// ecomType reads the name of the clickstream event, and whether the event is one to ignore.
func (d *Decoder) ecomType() (t Type, ignore bool, r *Refusal) {
	v := &d.doc.fields[fieldEvent]
	switch v.kind {
	case absent:
		return 0, false, missing("event")
	case text, cell:
	default:
		return 0, false, refusal(BadField, "event: "+v.quote()+" is not a string")
	}
	switch string(v.text(d.scratch[:0])) {
	case "view_item":
		return View, false, nil
	case "browse":
		return View, d.nothingBrowsed(), nil
	case "add_to_cart", "add-to-cart":
		return CartAdd, false, nil
	case "purchase":
		return Sale, false, nil
	default:
		return 0, true, nil
	}
}

// nothingBrowsed reports whether a browse event is of no product in particular.
func (d *Decoder) nothingBrowsed() bool {
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

// ecomStore reads the store that fulfils the order, or takes the online store.
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
