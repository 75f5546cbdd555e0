package setup

import (
	"maps"
	"time"

	pb "cloud.google.com/go/pubsub/v2/apiv1/pubsubpb"
	"google.golang.org/protobuf/types/known/durationpb"
)

// The label by which a run finds again what an earlier one has made.
const (
	ownLabel = "managed-by"
	ownValue = "setup_pubsub"
)

// declared is what there shall be.
type declared struct {
	topics        []*pb.Topic
	subscriptions []*pb.Subscription // those of dead letter topics first: a dead letter must not come before there is somewhere to keep it
}

// declare says what the options come to. Everything that any options could have made for these names is in all, for --delete.
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
			// The pipeline extends its leases for as long as it takes, so this is only how soon another takes over when it is gone.
			AckDeadlineSeconds:       int32(o.ackDeadline / time.Second),
			MessageRetentionDuration: durationpb.New(o.retention),
			// A subscription without a subscriber for 31 days would be deleted with all that is in it.
			ExpirationPolicy: &pb.ExpirationPolicy{},
			// Off, and not by chance. Stock does not depend on the order of messages, and what comes twice counts once, so neither would
			// change a number. Ordering serialises the messages of a key, and would have to be asked for by the publishers too.
			// Exactly-once delivery ends where an acknowledgement is lost with the process, costs latency with each acknowledgement,
			// and leaves two publications of one sale two messages: the events' own ids recognise those as well.
			EnableMessageOrdering: false, EnableExactlyOnceDelivery: false,
		}
	}
	var graves, reads declared
	for _, c := range o.channels {
		read := subscription(c.subscription, topic(&reads, c.topic))
		grave := subscription(c.deadLetter(), topic(&graves, c.deadLetter()))
		if o.attempts > 0 {
			// A topic for each channel, because only the subscription says in which format its messages are.
			read.DeadLetterPolicy = &pb.DeadLetterPolicy{DeadLetterTopic: grave.GetTopic(), MaxDeliveryAttempts: int32(o.attempts)}
		}
		if o.retryAfter > 0 {
			// A message that brings the process down comes again and again: with pauses, the attempts last hours and not seconds.
			read.RetryPolicy = &pb.RetryPolicy{MinimumBackoff: durationpb.New(o.retryAfter), MaximumBackoff: durationpb.New(longestBackoff)}
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
