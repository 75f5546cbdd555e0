package setup

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	pb "cloud.google.com/go/pubsub/v2/apiv1/pubsubpb"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"
)

// difference is a setting that is not as declared.
type difference struct {
	path string // of the field; empty if no update can change it
	text string // as it is printed
}

func texts(differences []difference) string {
	list := make([]string, len(differences))
	for i, d := range differences {
		list[i] = d.text
	}
	return strings.Join(list, "; ")
}

// labelled reports whether an earlier run has created or adopted the resource.
func labelled(labels map[string]string) bool { return labels[ownLabel] == ownValue }

// topicDifferences compares an existing topic with the declared one. Labels that are not declared
// are no difference.
func topicDifferences(have, want *pb.Topic) []difference {
	return labelDifferences(have.GetLabels(), want.GetLabels())
}

func labelDifferences(have, want map[string]string) []difference {
	var missing []string
	for _, key := range slices.Sorted(maps.Keys(want)) {
		if have[key] != want[key] {
			missing = append(missing, key+"="+want[key])
		}
	}
	if len(missing) == 0 {
		return nil
	}
	return []difference{{"labels", "labels: " + strings.Join(missing, ",") + " missing"}}
}

// subscriptionDifferences compares an existing subscription with the declared one.
func subscriptionDifferences(have, want *pb.Subscription) []difference {
	var all []difference
	add := func(path string, same bool, format string, args ...any) {
		if !same {
			all = append(all, difference{path, fmt.Sprintf(format, args...)})
		}
	}
	change := func(path string, same bool, from, to any) { add(path, same, "%s: %v -> %v", path, from, to) }

	// These cannot be changed after the subscription is created.
	add("", have.GetTopic() == want.GetTopic(), "it reads %s and not %s", have.GetTopic(), want.GetTopic())
	add("", !have.GetEnableMessageOrdering(), "message ordering is on")
	add("", have.GetFilter() == "", "it has the filter %q", have.GetFilter())
	add("", !have.GetDetached(), "it is detached from its topic")
	exports := have.GetBigqueryConfig() != nil || have.GetCloudStorageConfig() != nil || have.GetBigtableConfig() != nil
	add("", !exports, "it exports its messages instead of being pulled from")

	change("ack_deadline_seconds", have.GetAckDeadlineSeconds() == want.GetAckDeadlineSeconds(),
		have.GetAckDeadlineSeconds(), want.GetAckDeadlineSeconds())
	change("message_retention_duration",
		proto.Equal(have.GetMessageRetentionDuration(), want.GetMessageRetentionDuration()),
		span(have.GetMessageRetentionDuration()), span(want.GetMessageRetentionDuration()))
	change("expiration_policy", have.GetExpirationPolicy() != nil && have.GetExpirationPolicy().GetTtl() == nil,
		expiry(have.GetExpirationPolicy()), "never")
	change("dead_letter_policy", proto.Equal(have.GetDeadLetterPolicy(), want.GetDeadLetterPolicy()),
		burial(have.GetDeadLetterPolicy()), burial(want.GetDeadLetterPolicy()))
	change("retry_policy", proto.Equal(have.GetRetryPolicy(), want.GetRetryPolicy()),
		pauses(have.GetRetryPolicy()), pauses(want.GetRetryPolicy()))
	change("enable_exactly_once_delivery", !have.GetEnableExactlyOnceDelivery(), true, false)
	change("retain_acked_messages", !have.GetRetainAckedMessages(), true, false)
	change("push_config", have.GetPushConfig().GetPushEndpoint() == "",
		have.GetPushConfig().GetPushEndpoint(), "none, it is pulled from")
	change("message_transforms", len(have.GetMessageTransforms()) == 0, len(have.GetMessageTransforms()), "none")
	return append(all, labelDifferences(have.GetLabels(), want.GetLabels())...)
}

func span(d *durationpb.Duration) string {
	if d == nil {
		return "unknown"
	}
	return d.AsDuration().String()
}

func expiry(p *pb.ExpirationPolicy) string {
	if p == nil {
		return "unknown"
	}
	return span(p.GetTtl())
}

func burial(p *pb.DeadLetterPolicy) string {
	if p == nil {
		return "none"
	}
	return fmt.Sprintf("%s after %d deliveries", shortName(p.GetDeadLetterTopic()), p.GetMaxDeliveryAttempts())
}

func pauses(p *pb.RetryPolicy) string {
	if p == nil {
		return "none"
	}
	return span(p.GetMinimumBackoff()) + " to " + span(p.GetMaximumBackoff())
}

// shortName returns the id in a full name.
func shortName(name string) string { return name[strings.LastIndex(name, "/")+1:] }
