// Package pubsubtest serves Pub/Sub to tests, from memory.
package pubsubtest

import (
	"testing"

	"github.com/beamlytics/streamlytics/tools/pubsub/localpubsub"
)

// Start starts a server that ends with the test. It has neither topics nor subscriptions.
func Start(tb testing.TB) *localpubsub.Server {
	tb.Helper()
	server, err := localpubsub.Start(localpubsub.Options{})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(server.Close)
	return server
}
