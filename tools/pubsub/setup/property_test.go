package setup

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	pb "cloud.google.com/go/pubsub/v2/apiv1/pubsubpb"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/fieldmaskpb"
	"pgregory.net/rapid"
)

// wish is a random choice of options.
type wish struct {
	prefix    string
	channels  []string
	deadline  int32 // seconds
	retention time.Duration
	attempts  int32
	after     time.Duration
	dataflow  bool
	label     string
}

func (w wish) args() []string {
	args := []string{"--prefix=" + w.prefix, fmt.Sprintf("--ack_deadline=%ds", w.deadline),
		"--message_retention=" + w.retention.String()}
	if w.dataflow {
		args = append(args, "--runner=dataflow")
	} else {
		args = append(args, fmt.Sprintf("--max_delivery_attempts=%d", w.attempts),
			"--retry_after="+w.after.String())
	}
	for _, c := range []string{"pos", "ecom", "wms"} {
		if !slices.Contains(w.channels, c) {
			args = append(args, "--"+c+"_topic=")
		}
	}
	if w.label != "" {
		args = append(args, "--labels=env="+w.label)
	}
	return args
}

var wishes = rapid.Custom(func(t *rapid.T) wish {
	all := rapid.SampledFrom([]string{"pos", "ecom", "wms"})
	channels := rapid.SliceOfNDistinct(all, 1, 3, rapid.ID[string]).Draw(t, "channels")
	return wish{
		prefix: rapid.SampledFrom([]string{"", "staging-"}).Draw(t, "prefix"), channels: channels,
		deadline:  rapid.Int32Range(10, 600).Draw(t, "deadline"),
		retention: time.Duration(rapid.IntRange(10, 7*24*60).Draw(t, "retention")) * time.Minute,
		attempts:  rapid.SampledFrom([]int32{0, 5, 17, 100}).Draw(t, "attempts"),
		after:     rapid.SampledFrom([]time.Duration{0, time.Second, 30 * time.Second}).Draw(t, "after"),
		dataflow:  rapid.Bool().Draw(t, "dataflow"),
		label:     rapid.SampledFrom([]string{"", "test", "live"}).Draw(t, "label"),
	}
})

// check compares the server with the wish, independently of how the tool reads it.
func (w wish) check(t *rapid.T, s *stand) {
	for _, c := range w.channels {
		id := w.prefix + c
		sub := s.subscriptionOf(id)
		buried, paused := w.attempts > 0 && !w.dataflow, w.after > 0 && !w.dataflow
		switch {
		case sub.GetTopic() != "projects/p/topics/"+id, sub.GetAckDeadlineSeconds() != w.deadline,
			sub.GetMessageRetentionDuration().AsDuration() != w.retention, sub.GetExpirationPolicy().GetTtl() != nil,
			w.label != "" && (sub.GetLabels()["env"] != w.label || s.topicOf(id).GetLabels()["env"] != w.label),
			buried != (sub.GetDeadLetterPolicy() != nil), paused != (sub.GetRetryPolicy() != nil),
			paused && sub.GetRetryPolicy().GetMinimumBackoff().AsDuration() != w.after,
			buried && sub.GetDeadLetterPolicy().GetMaxDeliveryAttempts() != w.attempts:
			t.Fatalf("after %v there is %v", w.args(), sub)
		}
		if buried {
			grave := s.subscriptionOf(id + "-dead-letter")
			if grave.GetTopic() != sub.GetDeadLetterPolicy().GetDeadLetterTopic() ||
				grave.GetMessageRetentionDuration().AsDuration() != w.retention {
				t.Fatalf("after %v the dead letters are in %v", w.args(), grave)
			}
		}
	}
}

// TestAnySequenceEndsAsDeclared runs random wishes one after the other, with drift, dry runs and
// deletions in between. It checks that each run ends as declared whatever was before, that a
// repetition changes nothing, and that deleting everything leaves nothing.
func TestAnySequenceEndsAsDeclared(t *testing.T) {
	onEach(t, func(s *stand) {
		rapid.Check(t, func(t *rapid.T) {
			for range rapid.IntRange(1, 4).Draw(t, "steps") {
				w := wishes.Draw(t, "wish")
				switch rapid.IntRange(0, 4).Draw(t, "step") {
				case 0:
					before := s.snapshot()
					s.run(append(w.args(), "--dry_run")...)
					s.run(append(w.args(), "--dry_run", "--delete")...)
					if after := s.snapshot(); !maps.EqualFunc(before, after, proto.Equal) {
						t.Fatalf("a dry run changed %v to %v", before, after)
					}
				case 1:
					s.run(append(w.args(), "--delete")...)
					for name := range s.names() {
						id := strings.Fields(name)[1]
						for _, c := range w.channels {
							if id == w.prefix+c || id == w.prefix+c+"-dead-letter" {
								t.Fatalf("%s is left after %v", name, w.args())
							}
						}
					}
				case 2:
					s.drift(t)
				default:
					s.run(w.args()...)
					w.check(t, s)
					before := s.snapshot()
					for what, verdict := range verdicts(s.run(w.args()...)) {
						if verdict != "unchanged" {
							t.Fatalf("the second %v prints for %s: %s", w.args(), what, verdict)
						}
					}
					if after := s.snapshot(); !maps.EqualFunc(before, after, proto.Equal) {
						t.Fatalf("the second %v changed %v to %v", w.args(), before, after)
					}
				}
			}
			for _, prefix := range []string{"", "staging-"} {
				s.run("--delete", "--prefix="+prefix)
			}
			if left := s.names(); len(left) > 0 {
				t.Fatalf("at the end there is %v", left)
			}
		})
	})
}

// snapshot returns everything that exists, by name.
func (s *stand) snapshot() map[string]proto.Message {
	all := map[string]proto.Message{}
	for name := range s.names() {
		kind, id, _ := strings.Cut(name, " ")
		if kind == "topic" {
			all[name] = proto.CloneOf(s.topicOf(id))
		} else {
			all[name] = proto.CloneOf(s.subscriptionOf(id))
		}
	}
	return all
}

// drift changes a subscription, if there is one, without the tool.
func (s *stand) drift(t *rapid.T) {
	for name := range s.names() {
		id, ok := strings.CutPrefix(name, "subscription ")
		if !ok || strings.HasSuffix(id, "-dead-letter") {
			continue
		}
		sub := proto.CloneOf(s.subscriptionOf(id))
		sub.AckDeadlineSeconds, sub.RetryPolicy, sub.DeadLetterPolicy = 11, nil, nil
		settings := rapid.SampledFrom([]string{"ack_deadline_seconds", "retry_policy", "dead_letter_policy"})
		paths := rapid.SliceOfNDistinct(settings, 1, 3, rapid.ID[string]).Draw(t, "paths")
		_, err := s.subscriptions.UpdateSubscription(s.t.Context(), &pb.UpdateSubscriptionRequest{
			Subscription: sub, UpdateMask: &fieldmaskpb.FieldMask{Paths: paths},
		})
		if err != nil {
			t.Fatal(err)
		}
		return
	}
}
