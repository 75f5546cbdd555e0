// Package setup creates what the pipeline reads from in Pub/Sub: a topic and a subscription for
// each channel, and for each a dead letter topic with a subscription of its own. It prints what
// exists, what it changes and what it cannot change. A second run changes nothing.
//
// docs/OPERATIONS.md#pubsub lists what it creates, and why.
package setup
