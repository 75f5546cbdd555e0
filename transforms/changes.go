package transforms

import (
	"encoding/binary"

	"github.com/beamlytics/streamlytics/event"
	"github.com/beamlytics/streamlytics/transforms/velocity"
)

// What the inventory stage tells the stage of the products: each a tag, and the fields that follow it.
const (
	changeDemand = 'd' // kind, store, product, time, quantity: an event that is new
	changeStock  = 's' // product, change of the known on-hand, number of stores that became known
)

func appendDemand(b []byte, m *move) []byte {
	b = append(b, changeDemand, byte(kindOf(m.Type)))
	b = appendBytes(b, m.store)
	b = appendBytes(b, m.product)
	b = binary.AppendVarint(b, m.TimeMs)
	return binary.AppendVarint(b, m.Quantity)
}

func appendStockChange(b []byte, product string, onHand, known int64) []byte {
	b = append(b, changeStock)
	b = appendBytes(b, product)
	b = binary.AppendVarint(b, onHand)
	return binary.AppendVarint(b, known)
}

func kindOf(t event.Type) velocity.Kind {
	switch t {
	case event.View:
		return velocity.View
	case event.CartAdd:
		return velocity.CartAdd
	}
	return velocity.Sale
}
