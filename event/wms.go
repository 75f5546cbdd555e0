package event

// decodeWMS decodes a stock message of the warehouse: a RECEIPT or a RESET.
func (d *Decoder) decodeWMS() (r *Refusal) {
	f := &d.doc.fields
	e := d.newEvent(WMS, Receipt)
	if d.has(fieldType) {
		if e.Type, r = d.eventType(&f[fieldType]); r != nil {
			return r
		}
	}
	when, name := &f[fieldTimestamp], "timestamp"
	switch e.Type {
	case Receipt:
	case Reset:
		when, name = &f[fieldCountedAt], "counted_at"
	default:
		return refusal(UnknownType, "type: a WMS message is a RECEIPT or a RESET, not a "+e.Type.String())
	}
	if e.StoreID, r = d.storeID(); r != nil {
		return r
	}
	if r = d.setTime(&e, when, name); r != nil {
		return r
	}
	if r = d.setEventID(&e, ""); r != nil {
		return r
	}
	return d.emitOne(&e, &product{
		idName: "product_id", id: &f[fieldProductID], sku: &f[fieldSKU],
		quantityName: "count", quantity: &f[fieldCount],
	})
}
