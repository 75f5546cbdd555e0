// Package localpubsub is Google Cloud Pub/Sub in one process: the Publisher and Subscriber services
// over gRPC, for tests, demonstrations and work without a network. Google's own client libraries
// use it like the real service, at the address in PUBSUB_EMULATOR_HOST.
//
// It keeps the guarantees of the service for pull subscriptions: each subscription of a topic gets
// each message at least once, a delivered message is leased until its ack deadline, and a message
// whose lease expired or was refused is delivered again by the retry and dead letter policies of
// the subscription. The cost of a message and of an acknowledgement does not depend on the backlog,
// and an acknowledged message is forgotten at once.
//
// It differs from the service in these ways:
//   - Everything is in memory and gone with the process. Message ids are still unique over
//     restarts.
//   - A message whose lease expired or was given up goes to the end of the backlog. An ack id is
//     void as soon as its lease has expired; acknowledging it then has no effect, and is counted.
//   - DeliveryAttempt is always counted, also without a dead letter policy.
//   - Message retention and expiration are kept and shown, but no message is dropped for its age
//     and no subscription for being idle.
//   - The backoff of the retry policy and the number of deliveries of the dead letter policy are
//     exact. In the service they are approximate.
//   - Missing features are refused with Unimplemented and not ignored: push and export
//     subscriptions, filters, ordering, exactly-once delivery, schemas, snapshots, seek. Ordering
//     keys are kept and delivered.
//   - There is no authentication, no TLS and no quota; a request may have up to 64 MiB.
package localpubsub
