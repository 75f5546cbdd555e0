package rig

import "github.com/beamlytics/streamlytics/test/truth"

// Native is the message that says an event in its channel's own format, and the event with the id that it has there.
func Native(e truth.Event) (truth.Event, Message) { return native(e) }
