package localpubsub

import (
	"log/slog"
	"maps"
	"strconv"
	"strings"
	"time"

	pb "cloud.google.com/go/pubsub/v2/apiv1/pubsubpb"
	"google.golang.org/protobuf/proto"
)

// burial publishes messages that a subscription has given up to a topic, given by its full name. If
// it fails, the subscription keeps them.
type burial func(topic string, messages []*pb.PubsubMessage) error

// bury is the burial of the server.
func (s *Server) bury(topic string, messages []*pb.PubsubMessage) error {
	for len(messages) > 0 {
		n := min(len(messages), maxMessages)
		if _, err := s.publish(topic, messages[:n]); err != nil {
			return err
		}
		messages = messages[n:]
	}
	return nil
}

// unlock ends a critical section in which messages may have been given up, and publishes those that
// were given up too often to the dead letter topic. Publishing takes the locks of a topic and its
// subscriptions, so unlock releases this one before.
func (s *subscription) unlock() {
	dead := s.queue.takeDead()
	topic := s.config.GetDeadLetterPolicy().GetDeadLetterTopic()
	letters := make([]*pb.PubsubMessage, len(dead))
	for i, it := range dead {
		letters[i] = s.letter(it)
	}
	s.mu.Unlock()
	if len(dead) == 0 {
		return
	}
	err := s.bury(topic, letters)

	s.mu.Lock()
	defer s.mu.Unlock()
	if err == nil {
		s.queue.stats.Dead += int64(len(dead))
		return
	}
	// As in the service, messages that cannot be published there stay in the subscription.
	slog.Warn("local Pub/Sub: messages were given up and cannot be passed on",
		"subscription", s.name, "dead_letter_topic", topic, "messages", len(dead), "err", err)
	for _, it := range dead {
		s.queue.ready.pushBack(it)
	}
	s.available.ring()
}

// letter returns a message as it goes to the dead letter topic: with attributes that name its
// origin. The lock must be held.
func (s *subscription) letter(it *item) *pb.PubsubMessage {
	m := proto.CloneOf(it.message)
	attributes := maps.Clone(m.GetAttributes())
	if attributes == nil {
		attributes = map[string]string{}
	}
	project, id, _ := strings.Cut(strings.TrimPrefix(s.name, "projects/"), "/subscriptions/")
	attributes["CloudPubSubDeadLetterSourceDeliveryCount"] = strconv.Itoa(int(it.attempt))
	attributes["CloudPubSubDeadLetterSourceSubscription"] = id
	attributes["CloudPubSubDeadLetterSourceSubscriptionProject"] = project
	attributes["CloudPubSubDeadLetterSourceTopicPublishTime"] = m.GetPublishTime().AsTime().Format(time.RFC3339Nano)
	m.Attributes = attributes
	return m
}
