package localpubsub

import (
	"fmt"
	"strings"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// Create creates topics and subscriptions from a list like "sales:sales-sub,sales:audit,views". An
// element is a topic and a subscription to it, or a topic alone, by their ids in the project. A
// topic may be there several times, a subscription may not. An empty list creates nothing.
func (s *Server) Create(project, list string) error {
	if strings.TrimSpace(list) == "" {
		return nil
	}
	for pair := range strings.SplitSeq(list, ",") {
		topic, subscription, paired := strings.Cut(strings.TrimSpace(pair), ":")
		topicName := TopicName(project, topic)
		if err := s.CreateTopic(topicName); err != nil && status.Code(err) != codes.AlreadyExists {
			return fmt.Errorf("creating %q: %w", pair, err)
		}
		if !paired {
			continue
		}
		if err := s.CreateSubscription(topicName, SubscriptionName(project, subscription),
			SubscriptionOptions{}); err != nil {
			return fmt.Errorf("creating %q: %w", pair, err)
		}
	}
	return nil
}
