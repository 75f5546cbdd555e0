package event

// product holds the values about one product in a message or an item, with the names that they have
// in its format.
type product struct {
	at            path
	idName        string
	id            *value
	sku           *value // replaces an id that is absent or 0
	quantityName  string
	quantity      *value
	defaultsToOne bool   // an absent quantity is 1, whatever the type
	price         *value // nil if the format has none
}

// newEvent returns an event with the fields that all products of the message share.
func (d *Decoder) newEvent(source Channel, t Type) UnifiedInventoryEvent {
	return UnifiedInventoryEvent{Type: t, Source: source, Item: NoItem, Message: d.message}
}

// setProduct sets product, quantity and price of e, whose type is set.
func (d *Decoder) setProduct(e *UnifiedInventoryEvent, p *product) (r *Refusal) {
	if e.ProductID, r = d.productID(p); r != nil {
		return r
	}
	if e.Quantity, r = d.quantity(e.Type, p); r != nil {
		return r
	}
	if d.returned && e.Quantity > 0 {
		e.Quantity = -e.Quantity
	}
	if p.price != nil {
		e.Price = d.price(p.price)
	}
	return nil
}

// emitOne completes e and appends it to the result. It is for messages without items.
func (d *Decoder) emitOne(e *UnifiedInventoryEvent, p *product) *Refusal {
	if r := d.setProduct(e, p); r != nil {
		return r
	}
	if d.isNaturalReturn(e) {
		e.ID += returnSuffix
	}
	d.out.Events = append(d.out.Events, *e)
	return nil
}

// emitItems appends one event for each valid item of l and refuses the other items one by one. Each
// event is a copy of base with the fields of its item. name is the path of the list in the message.
func (d *Decoder) emitItems(base *UnifiedInventoryEvent, l *list, name string) *Refusal {
	switch {
	case l.kind == absent:
		return missing(name)
	case l.kind != array:
		return refusal(BadField, name+" is not an array")
	case len(l.items) == 0:
		return refusal(MissingField, name+" is empty")
	}
	for i := range l.items {
		e := *base
		e.Item = i
		if r := d.setItem(&e, &l.items[i], path{name, i}); r != nil {
			d.refuse(r, i)
			continue
		}
		d.out.Events = append(d.out.Events, e)
	}
	d.numberItems()
	return nil
}

func (d *Decoder) setItem(e *UnifiedInventoryEvent, it *item, at path) *Refusal {
	switch it.kind {
	case object:
	case absent:
		return missing(at.String())
	default:
		return refusal(BadField, at.String()+" is not an object")
	}
	p := product{
		at:     at,
		idName: "product_id", id: &it.productID, sku: &it.sku,
		quantityName: "quantity", quantity: &it.quantity,
		price: &it.price,
	}
	if e.Source == ECOM {
		p.idName, p.id, p.defaultsToOne = "item_id", &it.itemID, true
	}
	return d.setProduct(e, &p)
}
