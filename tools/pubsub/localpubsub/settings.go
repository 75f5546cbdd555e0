package localpubsub

import (
	"time"

	pb "cloud.google.com/go/pubsub/v2/apiv1/pubsubpb"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"
)

// Limits and defaults of the protocol for a subscription.
const (
	defaultAckDeadline, minAckDeadline, maxAckDeadline = 10, 10, 600 // seconds

	minRetention, maxRetention = 10 * time.Minute, 31 * 24 * time.Hour
	defaultRetention           = 7 * 24 * time.Hour
	minIdle, defaultIdle       = 24 * time.Hour, 31 * 24 * time.Hour
)

// complete sets the defaults of the service in a new subscription.
func complete(c *pb.Subscription) {
	if c.GetAckDeadlineSeconds() == 0 {
		c.AckDeadlineSeconds = defaultAckDeadline
	}
	if c.GetMessageRetentionDuration() == nil {
		c.MessageRetentionDuration = durationpb.New(defaultRetention)
	}
	if c.GetExpirationPolicy() == nil {
		c.ExpirationPolicy = &pb.ExpirationPolicy{Ttl: durationpb.New(defaultIdle)}
	}
	if p := c.GetDeadLetterPolicy(); p != nil && p.GetMaxDeliveryAttempts() == 0 {
		p.MaxDeliveryAttempts = defaultAttempts
	}
	if p := c.GetRetryPolicy(); p != nil {
		if p.GetMinimumBackoff() == nil {
			p.MinimumBackoff = durationpb.New(defaultShortest)
		}
		if p.GetMaximumBackoff() == nil {
			p.MaximumBackoff = durationpb.New(defaultLongest)
		}
	}
	c.State = pb.Subscription_ACTIVE
}

// checkSettings checks the settings of a complete subscription by the rules of the service, and
// refuses features that are missing here.
func (s *Server) checkSettings(c *pb.Subscription) error {
	bad := func(format string, args ...any) error {
		return status.Errorf(codes.InvalidArgument, "subscription %s: "+format, append([]any{c.GetName()}, args...)...)
	}
	if feature := missingFeature(c); feature != "" {
		return status.Errorf(codes.Unimplemented, "subscription %s: there is no %s here", c.GetName(), feature)
	}
	if _, err := checkAckDeadline(c.GetName(), c.GetAckDeadlineSeconds()); err != nil {
		return err
	}
	retention := c.GetMessageRetentionDuration().AsDuration()
	if retention < minRetention || retention > maxRetention {
		return bad("message retention %v is not in %v to %v", retention, minRetention, maxRetention)
	}
	ttl := c.GetExpirationPolicy().GetTtl()
	if ttl != nil && (ttl.AsDuration() < minIdle || ttl.AsDuration() < retention) {
		return bad("it would expire after %v, which is less than %v or than the message retention",
			ttl.AsDuration(), minIdle)
	}
	if p := c.GetRetryPolicy(); p != nil {
		shortest, longest := p.GetMinimumBackoff().AsDuration(), p.GetMaximumBackoff().AsDuration()
		if shortest < 0 || shortest > longest || longest > maxBackoff {
			return bad("a backoff of %v to %v is not in 0 to %v", shortest, longest, maxBackoff)
		}
	}
	if p := c.GetDeadLetterPolicy(); p != nil {
		if n := p.GetMaxDeliveryAttempts(); n < minAttempts || n > maxAttempts {
			return bad("%d delivery attempts are not %d to %d", n, minAttempts, maxAttempts)
		}
		if p.GetDeadLetterTopic() == c.GetTopic() {
			return bad("its dead letter topic is its own topic")
		}
		if _, err := s.findTopic(p.GetDeadLetterTopic()); err != nil {
			return err
		}
	}
	return nil
}

// settings copies the setting that a path of an update mask names from one configuration to
// another. Other paths cannot be changed.
var settings = map[string]func(c, from *pb.Subscription){
	"ack_deadline_seconds": func(c, from *pb.Subscription) { c.AckDeadlineSeconds = from.GetAckDeadlineSeconds() },
	"labels":               func(c, from *pb.Subscription) { c.Labels = from.GetLabels() },
	"message_retention_duration": func(c, from *pb.Subscription) {
		c.MessageRetentionDuration = from.GetMessageRetentionDuration()
	},
	"expiration_policy":  func(c, from *pb.Subscription) { c.ExpirationPolicy = from.GetExpirationPolicy() },
	"retry_policy":       func(c, from *pb.Subscription) { c.RetryPolicy = from.GetRetryPolicy() },
	"dead_letter_policy": func(c, from *pb.Subscription) { c.DeadLetterPolicy = from.GetDeadLetterPolicy() },
	// checkSettings refuses these unless they are empty.
	"push_config":           func(c, from *pb.Subscription) { c.PushConfig = from.GetPushConfig() },
	"retain_acked_messages": func(c, from *pb.Subscription) { c.RetainAckedMessages = from.GetRetainAckedMessages() },
	"enable_exactly_once_delivery": func(c, from *pb.Subscription) {
		c.EnableExactlyOnceDelivery = from.GetEnableExactlyOnceDelivery()
	},
}

// changed returns a configuration with the named settings of another one. The error names a setting
// that cannot be changed, or not to this value.
func (s *Server) changed(c, from *pb.Subscription, paths []string) (*pb.Subscription, error) {
	if len(paths) == 0 {
		return nil, status.Errorf(codes.InvalidArgument, "subscription %s: the update mask is empty", c.GetName())
	}
	c, from = proto.CloneOf(c), proto.CloneOf(from)
	for _, path := range paths {
		set := settings[path]
		if set == nil {
			return nil, status.Errorf(codes.Unimplemented, "subscription %s: %q cannot be changed here",
				c.GetName(), path)
		}
		set(c, from)
	}
	if c.GetAckDeadlineSeconds() == 0 {
		c.AckDeadlineSeconds = -1 // an update to 0 does not set the default
	}
	complete(c)
	return c, s.checkSettings(c)
}

func checkAckDeadline(subscription string, seconds int32) (time.Duration, error) {
	if seconds < minAckDeadline || seconds > maxAckDeadline {
		return 0, status.Errorf(codes.InvalidArgument, "subscription %s: ack deadline %d s is not in %d to %d s",
			subscription, seconds, minAckDeadline, maxAckDeadline)
	}
	return time.Duration(seconds) * time.Second, nil
}

// missingFeature names a feature that a subscription asks for and that is missing here, or returns
// "".
func missingFeature(c *pb.Subscription) string {
	switch {
	case c.GetPushConfig().GetPushEndpoint() != "":
		return "push delivery"
	case c.GetBigqueryConfig() != nil || c.GetCloudStorageConfig() != nil || c.GetBigtableConfig() != nil:
		return "export subscription"
	case c.GetEnableMessageOrdering():
		return "message ordering"
	case c.GetEnableExactlyOnceDelivery():
		return "exactly-once delivery"
	case c.GetFilter() != "":
		return "filter"
	case c.GetRetainAckedMessages():
		return "retention of acknowledged messages"
	case len(c.GetMessageTransforms()) > 0:
		return "message transform"
	}
	return ""
}
