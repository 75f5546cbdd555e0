package setup

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	pb "cloud.google.com/go/pubsub/v2/apiv1/pubsubpb"
	"cloud.google.com/go/pubsub/v2/pstest"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/fieldmaskpb"

	"github.com/beamlytics/streamlytics/test/rig"
	"github.com/beamlytics/streamlytics/tools/pubsub/localpubsub"
)

// servers are two that speak the protocol and were written by different people: ours, and Google's own for tests.
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

// stand is a server and what a person would do to it.
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

// verdicts are the lines of an output by kind and id.
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
	got, err := s.subscriptions.GetSubscription(s.t.Context(), &pb.GetSubscriptionRequest{Subscription: "projects/p/subscriptions/" + id})
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

// names are the ids of all topics and subscriptions, as verdicts calls them.
func (s *stand) names() map[string]bool {
	s.t.Helper()
	names := map[string]bool{}
	for topic, err := range s.topics.ListTopics(s.t.Context(), &pb.ListTopicsRequest{Project: "projects/p"}).All() {
		if err != nil {
			s.t.Fatal(err)
		}
		names["topic "+shortName(topic.GetName())] = true
	}
	for sub, err := range s.subscriptions.ListSubscriptions(s.t.Context(), &pb.ListSubscriptionsRequest{Project: "projects/p"}).All() {
		if err != nil {
			s.t.Fatal(err)
		}
		names["subscription "+shortName(sub.GetName())] = true
	}
	return names
}

func (s *stand) make(topic, subscription string, change func(*pb.Subscription)) {
	s.t.Helper()
	if _, err := s.topics.CreateTopic(s.t.Context(), &pb.Topic{Name: "projects/p/topics/" + topic}); err != nil && status.Code(err) != codes.AlreadyExists {
		s.t.Fatal(err)
	}
	sub := &pb.Subscription{Name: "projects/p/subscriptions/" + subscription, Topic: "projects/p/topics/" + topic, AckDeadlineSeconds: 10}
	if change != nil {
		change(sub)
	}
	if _, err := s.subscriptions.CreateSubscription(s.t.Context(), sub); err != nil {
		s.t.Fatal(err)
	}
}

func TestMakesWhatIsDeclared(t *testing.T) {
	onEach(t, func(s *stand) {
		out := verdicts(s.run("--labels=team=stock"))
		for _, id := range []string{"pos", "ecom", "wms"} {
			read, grave := s.subscriptionOf(id), s.subscriptionOf(id+"-dead-letter")
			for _, c := range []struct {
				what      string
				got, want any
			}{
				{"topic", read.GetTopic(), "projects/p/topics/" + id},
				{"deadline", read.GetAckDeadlineSeconds(), int32(60)},
				{"retention", read.GetMessageRetentionDuration().AsDuration(), 7 * 24 * time.Hour},
				{"never expires", read.GetExpirationPolicy() != nil && read.GetExpirationPolicy().GetTtl() == nil, true},
				{"dead letter topic", read.GetDeadLetterPolicy().GetDeadLetterTopic(), "projects/p/topics/" + id + "-dead-letter"},
				{"attempts", read.GetDeadLetterPolicy().GetMaxDeliveryAttempts(), int32(100)},
				{"shortest backoff", read.GetRetryPolicy().GetMinimumBackoff().AsDuration(), time.Second},
				{"longest backoff", read.GetRetryPolicy().GetMaximumBackoff().AsDuration(), time.Minute},
				{"ordering", read.GetEnableMessageOrdering(), false},
				{"exactly once", read.GetEnableExactlyOnceDelivery(), false},
				{"topic of dead letters", grave.GetTopic(), "projects/p/topics/" + id + "-dead-letter"},
				{"dead letters expire", grave.GetExpirationPolicy().GetTtl() == nil, true},
				{"dead letters of dead letters", grave.GetDeadLetterPolicy() == nil, true},
				{"label of the subscription", read.GetLabels()["team"], "stock"},
				{"label of the topic", s.topicOf(id).GetLabels()["team"], "stock"},
				{"verdict", out["subscription "+id] + out["topic "+id], "createdcreated"},
			} {
				if c.got != c.want {
					t.Errorf("%s: %s is %v, want %v", id, c.what, c.got, c.want)
				}
			}
		}
		if n := len(s.names()); n != 12 {
			t.Errorf("there are %d things, want 12", n)
		}
	})
}

func TestDriftIsMended(t *testing.T) {
	onEach(t, func(s *stand) {
		s.run()
		drifted := s.subscriptionOf("pos")
		drifted.AckDeadlineSeconds, drifted.MessageRetentionDuration = 99, durationpb.New(time.Hour)
		drifted.ExpirationPolicy = &pb.ExpirationPolicy{Ttl: durationpb.New(48 * time.Hour)}
		drifted.RetryPolicy, drifted.DeadLetterPolicy = nil, nil
		drifted.Labels["somebody"] = "elses"
		_, err := s.subscriptions.UpdateSubscription(t.Context(), &pb.UpdateSubscriptionRequest{Subscription: drifted, UpdateMask: &fieldmaskpb.FieldMask{
			Paths: []string{"ack_deadline_seconds", "message_retention_duration", "expiration_policy", "retry_policy", "dead_letter_policy", "labels"}}})
		if err != nil {
			t.Fatal(err)
		}
		want := "ack_deadline_seconds: 99 -> 60; message_retention_duration: 1h0m0s -> 168h0m0s; expiration_policy: 48h0m0s -> never; " +
			"dead_letter_policy: none -> pos-dead-letter after 100 deliveries; retry_policy: none -> 1s to 1m0s"
		if got := verdicts(s.run("--dry_run"))["subscription pos"]; got != "would update "+want {
			t.Errorf("a dry run says %q", got)
		}
		if got := verdicts(s.run())["subscription pos"]; got != "updated "+want {
			t.Errorf("it says\n%q, want\n%q", got, "updated "+want)
		}
		mended := s.subscriptionOf("pos")
		if mended.GetAckDeadlineSeconds() != 60 || mended.GetRetryPolicy() == nil || mended.GetDeadLetterPolicy() == nil || mended.GetLabels()["somebody"] != "elses" {
			t.Errorf("it is %v", mended)
		}
		if got := verdicts(s.run())["subscription pos"]; got != "unchanged" {
			t.Errorf("then it says %q", got)
		}
	})
}

// TestWhatOthersMade is used where it serves, named where it does not, and neither changed nor deleted before it is adopted.
func TestWhatOthersMade(t *testing.T) {
	onEach(t, func(s *stand) {
		s.make("pos", "pos", func(sub *pb.Subscription) { sub.EnableExactlyOnceDelivery = s.knowsExactlyOnce() })
		out, err := s.try()
		if !errors.Is(err, ErrNotAsDeclared) {
			t.Errorf("the error is %v", err)
		}
		got := verdicts(out)
		if want := "FAILED: made by somebody else, so it stays as it is (--adopt takes it over): ack_deadline_seconds: 10 -> 60"; !strings.HasPrefix(got["subscription pos"], want) {
			t.Errorf("it says %q", got["subscription pos"])
		}
		if want := "unchanged, and made by somebody else: --delete will leave it"; got["topic pos"] != want || got["subscription ecom"] != "created" {
			t.Errorf("it says %q and %q", got["topic pos"], got["subscription ecom"])
		}
		if s.subscriptionOf("pos").GetAckDeadlineSeconds() != 10 {
			t.Error("it was changed")
		}
		s.run("--delete")
		if left := fmt.Sprint(s.names()); left != "map[subscription pos:true topic pos:true]" {
			t.Errorf("after --delete there is %s", left)
		}
		s.run("--adopt")
		if got := s.subscriptionOf("pos"); got.GetAckDeadlineSeconds() != 60 || got.GetEnableExactlyOnceDelivery() {
			t.Errorf("adopted it is %v", got)
		}
		s.run("--delete")
		if left := s.names(); len(left) > 0 {
			t.Errorf("after --delete there is %v", left)
		}
	})
}

// knowsExactlyOnce reports whether the server plays exactly-once delivery; ours refuses it.
func (s *stand) knowsExactlyOnce() bool { return strings.Contains(s.t.Name(), "pstest") }

// TestWhatNoUpdateChanges is named, and everything else is done.
func TestWhatNoUpdateChanges(t *testing.T) {
	onEach(t, func(s *stand) {
		s.make("elsewhere", "pos", nil)
		out, err := s.try("--adopt")
		if !errors.Is(err, ErrNotAsDeclared) || !strings.Contains(out, "to make it anew: it reads projects/p/topics/elsewhere and not projects/p/topics/pos") {
			t.Errorf("it says %v\n%s", err, out)
		}
		if s.subscriptionOf("pos").GetAckDeadlineSeconds() != 60 || s.subscriptionOf("wms") == nil {
			t.Error("the rest was not done")
		}
	})
}

// TestTopicsThatOthersReadStay: to delete them would cut strangers off.
func TestTopicsThatOthersReadStay(t *testing.T) {
	onEach(t, func(s *stand) {
		s.run()
		s.make("ecom", "audit", nil)
		for _, args := range [][]string{{"--delete", "--dry_run"}, {"--delete"}} {
			out, err := s.try(args...)
			if !errors.Is(err, ErrNotAsDeclared) || !strings.Contains(out, "kept, because it has subscriptions that are not ours: projects/p/subscriptions/audit") {
				t.Errorf("%v says %v\n%s", args, err, out)
			}
		}
		if left := fmt.Sprint(s.names()); left != "map[subscription audit:true topic ecom:true]" {
			t.Errorf("there is %s", left)
		}
	})
}

// TestWaitsForTheServer starts the server when the tool is waiting for it already.
func TestWaitsForTheServer(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := l.Addr().String()
	_ = l.Close()
	t.Setenv("PUBSUB_EMULATOR_HOST", addr)
	options, err := parseOptions([]string{"--project=p", "--wait=1m"})
	if err != nil {
		t.Fatal(err)
	}
	told := &firstWrite{done: make(chan struct{})}
	finished := make(chan error, 1)
	go func() { finished <- Run(t.Context(), options, io.Discard, told) }()
	<-told.done
	if want := "waiting for Pub/Sub at " + addr + "\n"; told.text != want {
		t.Errorf("it says %q, want %q", told.text, want)
	}
	server, err := localpubsub.Start(localpubsub.Options{Addr: addr})
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	if err := <-finished; err != nil {
		t.Error(err)
	}
}

// firstWrite keeps the first text that is written, and says that it came.
type firstWrite struct {
	text string
	done chan struct{}
}

func (w *firstWrite) Write(p []byte) (int, error) {
	if w.text == "" {
		w.text = string(p)
		close(w.done)
	}
	return len(p), nil
}

func TestGivesUpWhereNobodyAnswers(t *testing.T) {
	t.Setenv("PUBSUB_EMULATOR_HOST", "127.0.0.1:1")
	options, err := parseOptions([]string{"--project=p", "--wait=300ms"})
	if err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	err = Run(t.Context(), options, io.Discard, io.Discard)
	if want := "Pub/Sub at 127.0.0.1:1 has not answered within 300ms"; err == nil || !strings.HasPrefix(err.Error(), want) {
		t.Errorf("the error is %v, want %q", err, want)
	}
	if took := time.Since(began); took > 20*time.Second {
		t.Errorf("it took %v", took)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := Run(ctx, options, io.Discard, io.Discard); !errors.Is(err, context.Canceled) {
		t.Errorf("told to stop, it says %v", err)
	}
}
