package event

// decodeUnified decodes a unified event.
func (d *Decoder) decodeUnified() (r *Refusal) {
	f := &d.doc.fields
	e := d.newEvent(d.message.Channel, 0)
	if e.Type, r = d.eventType(&f[fieldType]); r != nil {
		return r
	}
	if e.StoreID, r = d.storeID(); r != nil {
		return r
	}
	if r = d.setTime(&e, &f[fieldOccurredAt], "occurred_at"); r != nil {
		return r
	}
	if r = d.setEventID(&e, ""); r != nil {
		return r
	}
	return d.emitOne(&e, &product{
		idName: "product_id", id: &f[fieldProductID], sku: &f[fieldSKU],
		quantityName: "quantity", quantity: &f[fieldQuantity],
	})
}
