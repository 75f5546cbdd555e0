package event

// decodePOS reads a till transaction: one product, or several as items. Each becomes a sale.
func (d *Decoder) decodePOS() (r *Refusal) {
	f := &d.doc.fields
	e := d.newEvent(POS, Sale)
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
	natural := ""
	if e.OrderNumber != "" && e.Line != "" {
		natural = e.OrderNumber + ":" + e.Line
	}
	if r = d.setEventID(&e, natural); r != nil {
		return r
	}
	if d.doc.items.kind != absent {
		return d.emitItems(&e, &d.doc.items, "items")
	}
	return d.emitOne(&e, &product{
		idName: "product_id", id: &f[fieldProductID],
		quantityName: "product_count", quantity: &f[fieldProductCount],
		price: &f[fieldPrice],
	})
}

// setTimeOfSale gives the event the time of sale when the till knows it, else the timestamp of the transaction. That one must be
// readable in any case.
func (d *Decoder) setTimeOfSale(e *Event) *Refusal {
	sent, sold := &d.doc.fields[fieldTimestamp], &d.doc.fields[fieldTimeOfSale]
	if sold.kind == absent || sold.isNumber() && parseDecimal(sold.raw).isZero() {
		return d.setTime(e, sent, "timestamp")
	}
	if _, r := d.time(sent, "timestamp"); r != nil {
		return r
	}
	return d.setTime(e, sold, "time_of_sale")
}
