package localpubsub

import (
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	pb "cloud.google.com/go/pubsub/v2/apiv1/pubsubpb"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
)

// deletedTopic is the topic of a subscription whose topic is deleted, as in the service.
const deletedTopic = "_deleted-topic_"

// topic adds messages to its subscriptions. Its lock is held during a whole request, so that every
// subscription gets the messages in the order of their ids. Locks are taken in the order server,
// topic, subscription.
type topic struct {
	mu            sync.Mutex
	config        *pb.Topic
	subscriptions map[string]*subscription
	deleted       bool
}

func (s *Server) addTopic(config *pb.Topic) error {
	name := config.GetName()
	if err := checkName(topicKind, name); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return status.Errorf(codes.Unavailable, "creating topic %s: the server is closed", name)
	}
	if s.topics[name] != nil {
		return status.Errorf(codes.AlreadyExists, "topic %s already exists", name)
	}
	s.topics[name] = &topic{config: proto.CloneOf(config), subscriptions: map[string]*subscription{}}
	return nil
}

// addSubscription creates a subscription. config has the deadline that the API shows; ackDeadline
// is the one in force.
func (s *Server) addSubscription(config *pb.Subscription, ackDeadline time.Duration) error {
	name := config.GetName()
	if err := checkName(subscriptionKind, name); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return status.Errorf(codes.Unavailable, "creating subscription %s: the server is closed", name)
	}
	if s.subscriptions[name] != nil {
		return status.Errorf(codes.AlreadyExists, "subscription %s already exists", name)
	}
	t := s.topics[config.GetTopic()]
	if t == nil {
		return notFound(topicKind, config.GetTopic())
	}
	config = proto.CloneOf(config)
	complete(config)
	sub := newSubscription(config, ackDeadline, s.lastSerial.Add(1), s.bury)
	s.subscriptions[name] = sub
	t.mu.Lock()
	defer t.mu.Unlock()
	t.subscriptions[name] = sub
	return nil
}

// removeTopic deletes a topic. Its subscriptions keep their messages.
func (s *Server) removeTopic(name string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	t := s.topics[name]
	if t == nil {
		return notFound(topicKind, name)
	}
	delete(s.topics, name)
	t.mu.Lock()
	defer t.mu.Unlock()
	t.deleted = true
	for _, sub := range t.subscriptions {
		sub.configure(func(config *pb.Subscription) { config.Topic = deletedTopic }, 0)
	}
	return nil
}

func (s *Server) removeSubscription(name string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	sub := s.subscriptions[name]
	if sub == nil {
		return notFound(subscriptionKind, name)
	}
	delete(s.subscriptions, name)
	if t := s.topics[sub.describe().GetTopic()]; t != nil {
		t.mu.Lock()
		delete(t.subscriptions, name)
		t.mu.Unlock()
	}
	sub.end(notFound(subscriptionKind, name))
	return nil
}

func (s *Server) findTopic(name string) (*topic, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if t := s.topics[name]; t != nil {
		return t, nil
	}
	return nil, notFound(topicKind, name)
}

func (s *Server) findSubscription(name string) (*subscription, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if sub := s.subscriptions[name]; sub != nil {
		return sub, nil
	}
	return nil, notFound(subscriptionKind, name)
}

// topicNames returns the names of a project's topics, sorted.
func (s *Server) topicNames(project string) []string {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return inProject(maps.Keys(s.topics), project)
}

// subscriptionNames returns the names of a project's subscriptions, sorted.
func (s *Server) subscriptionNames(project string) []string {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return inProject(maps.Keys(s.subscriptions), project)
}

// describe returns a copy of the configuration.
func (t *topic) describe() *pb.Topic {
	t.mu.Lock()
	defer t.mu.Unlock()
	return proto.CloneOf(t.config)
}

func (t *topic) subscriptionNames() []string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return slices.Sorted(maps.Keys(t.subscriptions))
}

func inProject(names func(yield func(string) bool), project string) []string {
	var in []string
	for name := range names {
		if strings.HasPrefix(name, project+"/") {
			in = append(in, name)
		}
	}
	slices.Sort(in)
	return in
}

func notFound(k kind, name string) error {
	return status.Errorf(codes.NotFound, "%s %q not found", k, name)
}
