package setup

import (
	"bytes"
	"strings"
	"testing"

	pb "cloud.google.com/go/pubsub/v2/apiv1/pubsubpb"
	"cloud.google.com/go/pubsub/v2/pstest"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/beamlytics/streamlytics/test/rig"
	"github.com/beamlytics/streamlytics/tools/pubsub/localpubsub"
)

// servers are two independent implementations of the protocol: ours, and Google's own for tests.
var servers = map[string]func(*testing.T) (addr string){
	"localpubsub": func(t *testing.T) string {
		server := rig.ServePubSub(t, localpubsub.Options{})
		return server.Addr()
	},
	"pstest": func(t *testing.T) string {
		server := pstest.NewServer()
		t.Cleanup(func() { _ = server.Close() })
		return server.Addr
	},
}

// stand is a server, with what a user would do to it.
type stand struct {
	t    *testing.T
	addr string
	*client
}

// onEach runs a test on each server.
func onEach(t *testing.T, test func(s *stand)) {
	for name, start := range servers {
		t.Run(name, func(t *testing.T) { test(newStand(t, start(t))) })
	}
}

func newStand(t *testing.T, addr string) *stand {
	t.Helper()
	t.Setenv("PUBSUB_EMULATOR_HOST", addr)
	c, err := connect(t.Context(), addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.close() })
	return &stand{t: t, addr: addr, client: c}
}

// try runs the tool and returns what it prints.
func (s *stand) try(args ...string) (string, error) {
	s.t.Helper()
	options, err := parseOptions(append([]string{"--project=p"}, args...))
	if err != nil {
		s.t.Fatal(err)
	}
	var out bytes.Buffer
	err = Run(s.t.Context(), options, &out, s.t.Output())
	return out.String(), err
}

func (s *stand) run(args ...string) string {
	s.t.Helper()
	out, err := s.try(args...)
	if err != nil {
		s.t.Fatalf("%v: %v\n%s", args, err, out)
	}
	return out
}

// verdicts returns the lines of an output by kind and id.
func verdicts(out string) map[string]string {
	lines := map[string]string{}
	for line := range strings.Lines(out) {
		if f := strings.Fields(line); len(f) > 2 {
			lines[f[0]+" "+f[1]] = strings.Join(f[2:], " ")
		}
	}
	return lines
}

func (s *stand) subscriptionOf(id string) *pb.Subscription {
	s.t.Helper()
	got, err := s.subscriptions.GetSubscription(s.t.Context(),
		&pb.GetSubscriptionRequest{Subscription: "projects/p/subscriptions/" + id})
	if err != nil {
		s.t.Fatal(err)
	}
	return got
}

func (s *stand) topicOf(id string) *pb.Topic {
	s.t.Helper()
	got, err := s.topics.GetTopic(s.t.Context(), &pb.GetTopicRequest{Topic: "projects/p/topics/" + id})
	if err != nil {
		s.t.Fatal(err)
	}
	return got
}

// names returns the ids of all topics and subscriptions, in the form of verdicts.
func (s *stand) names() map[string]bool {
	s.t.Helper()
	names := map[string]bool{}
	for topic, err := range s.topics.ListTopics(s.t.Context(), &pb.ListTopicsRequest{Project: "projects/p"}).All() {
		if err != nil {
			s.t.Fatal(err)
		}
		names["topic "+shortName(topic.GetName())] = true
	}
	list := &pb.ListSubscriptionsRequest{Project: "projects/p"}
	for sub, err := range s.subscriptions.ListSubscriptions(s.t.Context(), list).All() {
		if err != nil {
			s.t.Fatal(err)
		}
		names["subscription "+shortName(sub.GetName())] = true
	}
	return names
}

func (s *stand) make(topic, subscription string, change func(*pb.Subscription)) {
	s.t.Helper()
	_, err := s.topics.CreateTopic(s.t.Context(), &pb.Topic{Name: "projects/p/topics/" + topic})
	if err != nil && status.Code(err) != codes.AlreadyExists {
		s.t.Fatal(err)
	}
	sub := &pb.Subscription{Name: "projects/p/subscriptions/" + subscription,
		Topic: "projects/p/topics/" + topic, AckDeadlineSeconds: 10}
	if change != nil {
		change(sub)
	}
	if _, err := s.subscriptions.CreateSubscription(s.t.Context(), sub); err != nil {
		s.t.Fatal(err)
	}
}
