package event

// decodePOS decodes a till transaction: each of its products becomes a SALE.
func (d *Decoder) decodePOS() (r *Refusal) {
	f := &d.doc.fields
	e := d.newEvent(POS, Sale)
	if d.returned, r = d.isReturn(&f[fieldType]); r != nil {
		return r
	}
	if e.StoreID, r = d.storeID(); r != nil {
		return r
	}
	if r = d.setTimeOfSale(&e); r != nil {
		return r
	}
	if f[fieldOrderNumber].kind == absent {
		return missing("order_number")
	}
	if r = d.setLabels(&e); r != nil {
		return r
	}
	natural, r := d.posKey(&e)
	if r != nil {
		return r
	}
	if r = d.setEventID(&e, natural); r != nil {
		return r
	}
	if d.doc.items.kind != absent {
		return d.emitItems(&e, &d.doc.items, "items")
	}
	return d.emitOne(&e, &product{
		idName: "product_id", id: &f[fieldProductID], sku: &f[fieldSKU],
		quantityName: "product_count", quantity: &f[fieldProductCount],
		price: &f[fieldPrice],
	})
}

// isReturn parses the type of a transaction and reports whether it is a return.
func (d *Decoder) isReturn(v *value) (bool, *Refusal) {
	switch v.kind {
	case absent:
		return false, nil
	case text, cell:
	default:
		return false, refusal(BadField, "type: "+v.quote()+" is not a string")
	}
	switch string(v.text(d.scratch[:0])) {
	case "SALE":
		return false, nil
	case "RETURN", "REFUND":
		return true, nil
	default:
		return false, refusal(UnknownType, "type: "+v.quote()+" is neither SALE, RETURN nor REFUND")
	}
}

// posKey returns the natural key of a transaction: [terminal:]order:line, or [terminal:]order if
// the transaction has items. It is empty if a part is missing.
func (d *Decoder) posKey(e *UnifiedInventoryEvent) (string, *Refusal) {
	terminal, r := d.label(&d.doc.fields[fieldTerminalID], "terminal_id")
	if r != nil {
		return "", r
	}
	if terminal != "" {
		terminal += ":"
	}
	switch {
	case e.OrderNumber == "":
		return "", nil
	case e.Line != "":
		return terminal + e.OrderNumber + ":" + e.Line, nil
	case d.doc.items.kind != absent:
		return terminal + e.OrderNumber, nil
	default:
		return "", nil
	}
}

// setTimeOfSale sets the time of e to the time of sale, or to the timestamp of the transaction if
// that is absent or 0. The timestamp must be valid in either case.
func (d *Decoder) setTimeOfSale(e *UnifiedInventoryEvent) *Refusal {
	sent, sold := &d.doc.fields[fieldTimestamp], &d.doc.fields[fieldTimeOfSale]
	if sold.kind == absent || sold.isNumber() && parseDecimal(sold.raw).isZero() {
		return d.setTime(e, sent, "timestamp")
	}
	if _, r := d.time(sent, "timestamp"); r != nil {
		return r
	}
	return d.setTime(e, sold, "time_of_sale")
}
