package setup

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	pb "cloud.google.com/go/pubsub/v2/apiv1/pubsubpb"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/fieldmaskpb"

	"github.com/beamlytics/streamlytics/tools/pubsub/localpubsub"
)

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
				{"never expires", read.GetExpirationPolicy() != nil && read.GetExpirationPolicy().GetTtl() == nil,
					true},
				{"dead letter topic", read.GetDeadLetterPolicy().GetDeadLetterTopic(),
					"projects/p/topics/" + id + "-dead-letter"},
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
		mask := &fieldmaskpb.FieldMask{Paths: []string{"ack_deadline_seconds", "message_retention_duration",
			"expiration_policy", "retry_policy", "dead_letter_policy", "labels"}}
		_, err := s.subscriptions.UpdateSubscription(t.Context(),
			&pb.UpdateSubscriptionRequest{Subscription: drifted, UpdateMask: mask})
		if err != nil {
			t.Fatal(err)
		}
		want := "ack_deadline_seconds: 99 -> 60; message_retention_duration: 1h0m0s -> 168h0m0s; " +
			"expiration_policy: 48h0m0s -> never; " +
			"dead_letter_policy: none -> pos-dead-letter after 100 deliveries; retry_policy: none -> 1s to 1m0s"
		if got := verdicts(s.run("--dry_run"))["subscription pos"]; got != "would update "+want {
			t.Errorf("a dry run prints %q", got)
		}
		if got := verdicts(s.run())["subscription pos"]; got != "updated "+want {
			t.Errorf("got\n%q, want\n%q", got, "updated "+want)
		}
		mended := s.subscriptionOf("pos")
		if mended.GetAckDeadlineSeconds() != 60 || mended.GetRetryPolicy() == nil ||
			mended.GetDeadLetterPolicy() == nil || mended.GetLabels()["somebody"] != "elses" {
			t.Errorf("it is %v", mended)
		}
		if got := verdicts(s.run())["subscription pos"]; got != "unchanged" {
			t.Errorf("then it prints %q", got)
		}
	})
}

// TestWhatOthersMade checks that what exists already is used where it serves, reported where it
// does not, and neither changed nor deleted before it is adopted.
func TestWhatOthersMade(t *testing.T) {
	onEach(t, func(s *stand) {
		s.make("pos", "pos", func(sub *pb.Subscription) { sub.EnableExactlyOnceDelivery = s.hasExactlyOnce() })
		out, err := s.try()
		if !errors.Is(err, ErrNotAsDeclared) {
			t.Errorf("the error is %v", err)
		}
		got := verdicts(out)
		want := "FAILED: made by somebody else, so it stays as it is (--adopt takes it over): " +
			"ack_deadline_seconds: 10 -> 60"
		if !strings.HasPrefix(got["subscription pos"], want) {
			t.Errorf("got %q", got["subscription pos"])
		}
		want = "unchanged, and made by somebody else: --delete will leave it"
		if got["topic pos"] != want || got["subscription ecom"] != "created" {
			t.Errorf("got %q and %q", got["topic pos"], got["subscription ecom"])
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

// hasExactlyOnce reports whether the server has exactly-once delivery. Ours refuses it.
func (s *stand) hasExactlyOnce() bool { return strings.Contains(s.t.Name(), "pstest") }

// TestWhatNoUpdateChanges checks that it is reported, and that everything else is done.
func TestWhatNoUpdateChanges(t *testing.T) {
	onEach(t, func(s *stand) {
		s.make("elsewhere", "pos", nil)
		out, err := s.try("--adopt")
		want := "to make it anew: it reads projects/p/topics/elsewhere and not projects/p/topics/pos"
		if !errors.Is(err, ErrNotAsDeclared) || !strings.Contains(out, want) {
			t.Errorf("got %v\n%s", err, out)
		}
		if s.subscriptionOf("pos").GetAckDeadlineSeconds() != 60 || s.subscriptionOf("wms") == nil {
			t.Error("the rest was not done")
		}
	})
}

// TestTopicsThatOthersReadStay checks that topics with other subscriptions are not deleted.
func TestTopicsThatOthersReadStay(t *testing.T) {
	onEach(t, func(s *stand) {
		s.run()
		s.make("ecom", "audit", nil)
		for _, args := range [][]string{{"--delete", "--dry_run"}, {"--delete"}} {
			out, err := s.try(args...)
			want := "kept, because it has subscriptions that are not ours: projects/p/subscriptions/audit"
			if !errors.Is(err, ErrNotAsDeclared) || !strings.Contains(out, want) {
				t.Errorf("%v: got %v\n%s", args, err, out)
			}
		}
		if left := fmt.Sprint(s.names()); left != "map[subscription audit:true topic ecom:true]" {
			t.Errorf("there is %s", left)
		}
	})
}

// TestWaitsForTheServer starts the server while the tool waits for it.
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
	notice := &firstWrite{done: make(chan struct{})}
	finished := make(chan error, 1)
	go func() { finished <- Run(t.Context(), options, io.Discard, notice) }()
	<-notice.done
	if want := "waiting for Pub/Sub at " + addr + "\n"; notice.text != want {
		t.Errorf("it prints %q, want %q", notice.text, want)
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

// firstWrite keeps the first text that is written, and closes done then.
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
	want := "Pub/Sub at 127.0.0.1:1 has not answered within 300ms"
	if err == nil || !strings.HasPrefix(err.Error(), want) {
		t.Errorf("the error is %v, want %q", err, want)
	}
	if took := time.Since(began); took > 20*time.Second {
		t.Errorf("it took %v", took)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := Run(ctx, options, io.Discard, io.Discard); !errors.Is(err, context.Canceled) {
		t.Errorf("with a cancelled context: %v", err)
	}
}
