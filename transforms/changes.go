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
	// changeStockRestored is the same, said again after a restart, by one key group after the other: what it adds up to is not said
	// before all have spoken.
	changeStockRestored = 'r'
	// changeSpoken names a key group that has said all it restored.
	changeSpoken = 'g'
	// changeSayAll has everything said again, because Redis has lost data.
	changeSayAll = 'l'
)

func appendDemand[T string | []byte](b []byte, t event.Type, store, product T, timeMs, quantity int64) []byte {
	b = append(b, changeDemand, byte(kindOf(t)))
	b = appendBytes(b, store)
	b = appendBytes(b, product)
	b = binary.AppendVarint(b, timeMs)
	return binary.AppendVarint(b, quantity)
}

func appendStockChange(b []byte, tag byte, product string, onHand, known int64) []byte {
	b = append(b, tag)
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
