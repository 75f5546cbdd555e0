package rig

import "github.com/beamlytics/streamlytics/internal/oracle"

// Native is the message that says an event in its channel's own format, and the event with the id that it has there.
func Native(e oracle.Event) (oracle.Event, Message) { return native(e) }
