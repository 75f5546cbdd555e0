// Package replay publishes recorded events to Pub/Sub, at a chosen speed and with the disorder of real deliveries, and holds
// what the pipeline makes of them against the truth.
package replay

import (
	"github.com/beamlytics/streamlytics/event"
	"github.com/beamlytics/streamlytics/test/truth"
)

// record is one event to publish.
type record struct {
	channel event.Channel // whose topic it goes to
	data    []byte
	event   truth.Event
}

// channelOf is the channel that brings events of a type.
func channelOf(t event.Type) event.Channel {
	switch t {
	case event.View, event.CartAdd:
		return event.ECOM
	case event.Receipt, event.Reset:
		return event.WMS
	default:
		return event.POS
	}
}
