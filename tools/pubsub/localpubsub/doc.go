// Package localpubsub is Google Cloud Pub/Sub in one process: the Publisher and Subscriber services over gRPC, for tests,
// demonstrations and work without a network. Google's own client libraries talk to it as to the real service; they find it
// through PUBSUB_EMULATOR_HOST.
//
// It keeps to what the service promises on pull subscriptions: each subscription of a topic gets each message at least
// once, a delivered message is leased until its ack deadline, and an expired or refused lease is delivered again, as the
// subscription's retry and dead letter policies say. The cost of a message and of an acknowledgement does not grow with the
// backlog, and an acknowledged message is forgotten at once.
//
// It differs from the service in these ways:
//   - Everything is in memory and gone with the process. Message ids are nevertheless unique over restarts.
//   - A message whose lease expired or was given up goes to the end of the backlog. An ack id is void as soon as its lease
//     has expired; acknowledging it then has no effect, and is counted.
//   - DeliveryAttempt is always counted, not only under a dead letter policy.
//   - Message retention and expiration are kept and shown, and nothing is dropped for its age or for being idle.
//   - A message that was given up waits exactly as long as the retry policy says, and is passed on to the dead letter topic after
//     exactly as many deliveries as the dead letter policy says; the service does both as well as it can.
//   - What it does not have is refused with Unimplemented rather than ignored: push and export subscriptions, filters,
//     ordering, exactly-once delivery, schemas, snapshots, seek. Ordering keys are kept and delivered.
//   - There is no authentication, no TLS and no quota; a request may have up to 64 MiB.
package localpubsub
