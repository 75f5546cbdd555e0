package event

// product is what a message, or one item of it, says of one product, under the names of its format.
type product struct {
	at           place
	idName       string
	id           *value
	sku          *value // stands in for an id that is absent or 0
	quantityName string
	quantity     *value
	oneByDefault bool   // the quantity is 1 when absent, whatever the type
	price        *value // nil where the format has none
}

// newEvent begins the event that all products of the message share.
func (d *Decoder) newEvent(source Channel, t Type) Event {
	return Event{Type: t, Source: source, Item: NoItem, Message: d.message}
}

// setProduct gives the event, whose type is known, its product, units and price.
func (d *Decoder) setProduct(e *Event, p *product) (r *Refusal) {
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

// emitOne completes the event of a message without items.
func (d *Decoder) emitOne(e *Event, p *product) *Refusal {
	if r := d.setProduct(e, p); r != nil {
		return r
	}
	if d.isNaturalReturn(e) {
		e.ID += returnSuffix
	}
	d.out.Events = append(d.out.Events, *e)
	return nil
}

// emitItems makes one event of each sound item, like base but for the item, and refuses the others one by one. name is where
// the list stands in the message.
func (d *Decoder) emitItems(base *Event, l *list, name string) *Refusal {
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
		if r := d.setItem(&e, &l.items[i], place{name, i}); r != nil {
			d.refuse(r, i)
			continue
		}
		d.out.Events = append(d.out.Events, e)
	}
	d.numberItems(d.out.Events, base.ID)
	return nil
}

func (d *Decoder) setItem(e *Event, it *item, at place) *Refusal {
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
		p.idName, p.id, p.oneByDefault = "item_id", &it.itemID, true
	}
	return d.setProduct(e, &p)
}
