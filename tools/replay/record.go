// Package replay publishes recorded events to Pub/Sub, at a chosen rate and with the disorder of
// real deliveries, and compares the stock in Redis with the truth.
package replay

import (
	"github.com/beamlytics/streamlytics/event"
	"github.com/beamlytics/streamlytics/test/truth"
)

// record is one event to publish.
type record struct {
	channel event.Channel // of the topic that it is published to
	data    []byte
	event   truth.Event
}

// channelOf returns the channel for events of a type.
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
