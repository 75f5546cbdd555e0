package event

import (
	"encoding/binary"
	"fmt"
)

const (
	maxKeyID   = 128 // bytes of a store or product id
	maxEventID = 256 // bytes of an event id as sent
)

// defaultOnlineStore is the store of web shop events when nobody chose another.
const defaultOnlineStore = "online"

// globalStore is the store id that Redis keys use for the sum over all stores.
const globalStore = "global"

// storeID reads the store of a message.
func (d *Decoder) storeID() (string, *Refusal) {
	id, r := d.keyID(&d.doc.fields[fieldStoreID], place{}, "store_id", false)
	if r == nil && id == globalStore {
		return "", refusal(BadID, `store_id: "global" is reserved`)
	}
	return id, r
}

// noProduct is the product id that means none.
const noProduct = "0"

// productID reads the product id or, when it is absent or 0, the SKU.
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
		return "", refusal(BadID, p.at.of(name)+": 0 means that there is no product id, and no sku stands in for it")
	}
	return id, r
}

// keyID reads a store or product id. With strip, an id of digits only loses the zeros in front.
func (d *Decoder) keyID(v *value, at place, name string, strip bool) (string, *Refusal) {
	if v.kind == absent {
		return "", missing(at.of(name))
	}
	id, problem := d.id(v, maxKeyID)
	if problem == "" && v.kind == cell && isRewritten(id, rewrittenKey) {
		problem = rewrittenProblem
	}
	if problem == "" {
		if strip {
			id = stripLeadingZeros(id)
		}
		known := d.known.slot(id)
		if *known == string(id) {
			return *known, nil
		}
		if problem = keyIDProblem(id); problem == "" {
			*known = string(id)
			return *known, nil
		}
	}
	return "", refusal(BadID, at.of(name)+": "+v.quote()+" "+problem)
}

// eventID reads the id in the payload or else in the attributes; it is empty when there is none.
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

// setEventID gives the event its id: the one that was sent, else the natural key unless it is empty, else the message id.
// What returns and items add to it is up to identify.
func (d *Decoder) setEventID(e *Event, natural string) *Refusal {
	id, r := d.eventID()
	if r != nil {
		return r
	}
	if id == "" {
		if len(natural) > maxEventID {
			return refusal(BadID, fmt.Sprintf("event_id: the natural key has %d bytes, more than %d", len(natural), maxEventID))
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

// id reads a string or an integer of 1 to limit bytes. The result is good until the next use of the scratch memory.
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

// knownIDs remembers store and product ids that were found good: they come again and again, and need neither a new string nor
// another look. A slot is empty or holds a good id.
type knownIDs [1024]string

// slot is where an id would be remembered. Ids count up at their end, so the last eight bytes tell most of them apart.
func (k *knownIDs) slot(id []byte) *string {
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
