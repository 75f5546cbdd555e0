package setup

import (
	"maps"
	"time"

	pb "cloud.google.com/go/pubsub/v2/apiv1/pubsubpb"
	"google.golang.org/protobuf/types/known/durationpb"
)

// The label that marks what this command created.
const (
	ownLabel = "managed-by"
	ownValue = "setup_pubsub"
)

// declared is the topics and subscriptions that should exist.
type declared struct {
	topics []*pb.Topic
	// Subscriptions of dead letter topics come first: a dead letter that arrives in a topic without
	// a subscription is lost.
	subscriptions []*pb.Subscription
}

// declare returns what the options declare, and for --delete everything that any options could have
// declared under these names.
func (o Options) declare() (wanted, all declared) {
	labels := maps.Clone(o.labels)
	labels[ownLabel] = ownValue
	seen := map[string]bool{}
	topic := func(d *declared, id string) string {
		name := "projects/" + o.project + "/topics/" + id
		if !seen[name] {
			seen[name] = true
			d.topics = append(d.topics, &pb.Topic{Name: name, Labels: labels})
		}
		return name
	}
	subscription := func(id, topic string) *pb.Subscription {
		return &pb.Subscription{
			Name: "projects/" + o.project + "/subscriptions/" + id, Topic: topic, Labels: labels,
			// The pipeline extends its leases, so this is only how soon another process takes over
			// after a crash.
			AckDeadlineSeconds:       int32(o.ackDeadline / time.Second),
			MessageRetentionDuration: durationpb.New(o.retention),
			// By default Pub/Sub would delete a subscription that has no subscriber for 31 days,
			// with its messages.
			ExpirationPolicy: &pb.ExpirationPolicy{},
			// Both are off on purpose. Stock does not depend on the order of messages, and repeated
			// messages count once, so neither would change a number. Ordering serialises the
			// messages of a key, and publishers would have to ask for it too. Exactly-once delivery
			// ends where an acknowledgement is lost with the process, and adds latency to each
			// acknowledgement. Two publications of one sale stay two messages with it; only the ids
			// of events recognise them.
			EnableMessageOrdering: false, EnableExactlyOnceDelivery: false,
		}
	}
	var graves, reads declared
	for _, c := range o.channels {
		read := subscription(c.subscription, topic(&reads, c.topic))
		grave := subscription(c.deadLetter(), topic(&graves, c.deadLetter()))
		if o.attempts > 0 {
			// Each channel has a topic of its own, because the subscription determines the format
			// of a message.
			read.DeadLetterPolicy = &pb.DeadLetterPolicy{
				DeadLetterTopic: grave.GetTopic(), MaxDeliveryAttempts: int32(o.attempts),
			}
		}
		if o.retryAfter > 0 {
			// A message that crashes the process is delivered again and again: with pauses, the
			// attempts last hours and not seconds.
			read.RetryPolicy = &pb.RetryPolicy{
				MinimumBackoff: durationpb.New(o.retryAfter), MaximumBackoff: durationpb.New(longestBackoff),
			}
		}
		reads.subscriptions = append(reads.subscriptions, read)
		graves.subscriptions = append(graves.subscriptions, grave)
	}
	all = declared{
		topics:        append(append([]*pb.Topic{}, graves.topics...), reads.topics...),
		subscriptions: append(append([]*pb.Subscription{}, graves.subscriptions...), reads.subscriptions...),
	}
	if o.attempts == 0 {
		return reads, all
	}
	return all, all
}
