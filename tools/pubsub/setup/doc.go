// Package setup makes what the pipeline reads from in Pub/Sub: a topic and a subscription for each channel, and a dead letter
// topic with a subscription of its own behind each. It says what is there, what it changes, and what it cannot change. To run it again
// changes nothing.
//
// docs/OPERATIONS.md#pubsub lists what is declared here, and why.
package setup
