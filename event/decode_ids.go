package event

import (
	"encoding/binary"
	"fmt"
)

const (
	maxKeyID   = 128 // bytes of a store or product id
	maxEventID = 256 // bytes of an event id as sent
)

// defaultOnlineStore is the store of web shop events if no other is configured.
const defaultOnlineStore = "online"

// globalStore is reserved: Redis keys use it for the sum over all stores.
const globalStore = "global"

// storeID parses the store of a message.
func (d *Decoder) storeID() (string, *Refusal) {
	id, r := d.keyID(&d.doc.fields[fieldStoreID], path{}, "store_id", false)
	if r == nil && id == globalStore {
		return "", refusal(BadID, `store_id: "global" is reserved`)
	}
	return id, r
}

// noProduct is the product id that stands for no product.
const noProduct = "0"

// productID parses the product id or, if that is absent or 0, the SKU.
func (d *Decoder) productID(p *product) (string, *Refusal) {
	v, name := p.id, p.idName
	if v.kind == absent && p.sku.kind != absent {
		v, name = p.sku, "sku"
	}
	id, r := d.keyID(v, p.at, name, d.StripLeadingZeros)
	if r == nil && id == noProduct && v != p.sku && p.sku.kind != absent {
		name = "sku"
		id, r = d.keyID(p.sku, p.at, name, d.StripLeadingZeros)
	}
	if r == nil && id == noProduct {
		return "", refusal(BadID, p.at.field(name)+": 0 is not a product id, and there is no sku")
	}
	return id, r
}

// keyID parses a store or product id. If strip is set, leading zeros are removed from an id of
// digits only.
func (d *Decoder) keyID(v *value, at path, name string, strip bool) (string, *Refusal) {
	if v.kind == absent {
		return "", missing(at.field(name))
	}
	id, problem := d.id(v, maxKeyID)
	if problem == "" && v.kind == cell && isRewritten(id, rewrittenKey) {
		problem = rewrittenProblem
	}
	if problem == "" {
		if strip {
			id = stripLeadingZeros(id)
		}
		cached := d.ids.slot(id)
		if *cached == string(id) {
			return *cached, nil
		}
		if problem = keyIDProblem(id); problem == "" {
			*cached = string(id)
			return *cached, nil
		}
	}
	return "", refusal(BadID, at.field(name)+": "+v.quote()+" "+problem)
}

// eventID returns the id in the payload, or else the one in the attributes, or else "".
func (d *Decoder) eventID() (string, *Refusal) {
	v := &d.doc.fields[fieldEventID]
	if v.kind == absent {
		id, ok := d.message.Attributes["event_id"]
		if ok && (id == "" || len(id) > maxEventID) {
			return "", refusal(BadID, fmt.Sprintf("attribute event_id has %d bytes, not 1 to %d", len(id), maxEventID))
		}
		return id, nil
	}
	id, problem := d.id(v, maxEventID)
	if problem == "" && v.kind == cell && isRewritten(id, rewrittenEvent) {
		problem = rewrittenProblem
	}
	if problem != "" {
		return "", refusal(BadID, "event_id: "+v.quote()+" "+problem)
	}
	return string(id), nil
}

// setEventID sets the id of e: the one that was sent, or else natural unless it is empty, or else
// the message id. The suffixes of returns and items are added by emitOne and numberItems.
func (d *Decoder) setEventID(e *UnifiedInventoryEvent, natural string) *Refusal {
	id, r := d.eventID()
	if r != nil {
		return r
	}
	if id == "" {
		if len(natural) > maxEventID {
			return refusal(BadID,
				fmt.Sprintf("event_id: the natural key has %d bytes, more than %d", len(natural), maxEventID))
		}
		id, d.natural = natural, natural != ""
	}
	if id == "" {
		id = d.message.ID
	}
	if id == "" {
		return missing("event_id")
	}
	e.ID = id
	return nil
}

// id parses a string or an integer of 1 to limit bytes. The result is valid until the next use of
// the scratch memory.
func (d *Decoder) id(v *value, limit int) (id []byte, problem string) {
	switch v.kind {
	case text, cell:
		id = v.text(d.scratch[:0])
		if len(id) == 0 {
			return nil, "is empty"
		}
		if len(id) > limit {
			return nil, fmt.Sprintf("has more than %d bytes", limit)
		}
		return id, ""
	case number:
		n := parseDecimal(v.raw)
		if !n.isInteger() {
			return nil, errFraction.Error()
		}
		if n.width() > int64(limit) {
			return nil, fmt.Sprintf("has more than %d bytes", limit)
		}
		d.scratch = n.append(d.scratch[:0])
		return d.scratch, ""
	default:
		return nil, "is neither a string nor an integer"
	}
}

// idCache holds store and product ids that are valid, as most ids repeat: a cached id needs neither
// an allocation nor another check. A slot is empty or holds a valid id.
type idCache [1024]string

// slot returns the slot of an id. The hash uses the last eight bytes, where most ids differ.
func (k *idCache) slot(id []byte) *string {
	var h uint64
	if n := len(id); n >= 8 {
		h = binary.LittleEndian.Uint64(id[n-8:])
	} else {
		for _, c := range id {
			h = h<<8 | uint64(c)
		}
	}
	const golden = 0x9e3779b97f4a7c15 // 2^64 / golden ratio: Fibonacci hashing
	const bits = 10
	return &k[h*golden>>(64-bits)]
}
