package localpubsub_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	pb "cloud.google.com/go/pubsub/v2/apiv1/pubsubpb"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/fieldmaskpb"

	"github.com/beamlytics/streamlytics/tools/pubsub/localpubsub"
)

// TestRefusals checks that each refusal has its code and names the resource.
func TestRefusals(t *testing.T) {
	const invalid, missing = codes.InvalidArgument, codes.Unimplemented
	f := start(t, localpubsub.Options{})
	ctx := within(t)
	ghostTopic, ghostSub := localpubsub.TopicName("shop", "ghost"), localpubsub.SubscriptionName("shop", "ghost")
	createTopic := func(topic *pb.Topic) error { _, err := f.pub.CreateTopic(ctx, topic); return err }
	createSub := func(sub *pb.Subscription) error { _, err := f.sub.CreateSubscription(ctx, sub); return err }
	createB := func(sub *pb.Subscription) error { sub.Name, sub.Topic = subB, topicA; return createSub(sub) }
	expiry := func(ttl time.Duration) *pb.ExpirationPolicy { return &pb.ExpirationPolicy{Ttl: durationpb.New(ttl)} }
	publish := func(topic string, messages ...*pb.PubsubMessage) error {
		_, err := f.pub.Publish(ctx, &pb.PublishRequest{Topic: topic, Messages: messages})
		return err
	}
	update := func(sub *pb.Subscription, paths ...string) error {
		_, err := f.sub.UpdateSubscription(ctx,
			&pb.UpdateSubscriptionRequest{Subscription: sub, UpdateMask: &fieldmaskpb.FieldMask{Paths: paths}})
		return err
	}
	updateTopic := func(topic *pb.Topic, paths ...string) error {
		_, err := f.pub.UpdateTopic(ctx,
			&pb.UpdateTopicRequest{Topic: topic, UpdateMask: &fieldmaskpb.FieldMask{Paths: paths}})
		return err
	}
	must(t, f.CreateTopic(topicB))
	pull := func(sub string, limit int32) error {
		_, err := f.sub.Pull(ctx, &pb.PullRequest{Subscription: sub, MaxMessages: limit})
		return err
	}
	ack := func(sub string, ids ...string) error {
		_, err := f.sub.Acknowledge(ctx, &pb.AcknowledgeRequest{Subscription: sub, AckIds: ids})
		return err
	}
	modify := func(sub string, seconds int32, ids ...string) error {
		_, err := f.sub.ModifyAckDeadline(ctx, &pb.ModifyAckDeadlineRequest{Subscription: sub, AckIds: ids,
			AckDeadlineSeconds: seconds})
		return err
	}
	message := &pb.PubsubMessage{Data: []byte("x")}
	long := strings.Repeat("x", 2000)
	many := map[string]string{}
	for i := range 101 {
		many[strings.Repeat("k", i+1)] = ""
	}
	for _, c := range []struct {
		name  string
		err   error
		code  codes.Code
		names string
	}{
		{"topic twice", createTopic(&pb.Topic{Name: topicA}), codes.AlreadyExists, topicA},
		{"topic without form", createTopic(&pb.Topic{Name: "sales"}), invalid, "sales"},
		{"topic with a slash", createTopic(&pb.Topic{Name: topicA + "/x"}), invalid, topicA},
		{"topic id too short", createTopic(&pb.Topic{Name: "projects/p/topics/ab"}), invalid, "topics/ab"},
		{"topic id too long", createTopic(&pb.Topic{Name: "projects/p/topics/" + strings.Repeat("x", 256)}),
			invalid, "projects/p"},
		{"topic id reserved", createTopic(&pb.Topic{Name: "projects/p/topics/google"}), invalid, "google"},
		{"topic with schema", createTopic(&pb.Topic{Name: ghostTopic, SchemaSettings: &pb.SchemaSettings{}}),
			missing, ghostTopic},
		{"subscription twice", createSub(&pb.Subscription{Name: subA, Topic: topicA}), codes.AlreadyExists, subA},
		{"subscription name", createSub(&pb.Subscription{Name: topicA, Topic: topicA}), invalid, topicA},
		{"subscription to nothing", createSub(&pb.Subscription{Name: subB, Topic: ghostTopic}),
			codes.NotFound, ghostTopic},
		{"deadline too short", createB(&pb.Subscription{AckDeadlineSeconds: 9}), invalid, subB},
		{"deadline too long", createB(&pb.Subscription{AckDeadlineSeconds: 601}), invalid, subB},
		{"push", createB(&pb.Subscription{PushConfig: &pb.PushConfig{PushEndpoint: "https://x"}}), missing, subB},
		{"filter", createB(&pb.Subscription{Filter: "attributes:x"}), missing, subB},
		{"exactly once", createB(&pb.Subscription{EnableExactlyOnceDelivery: true}), missing, subB},
		{"retention too short", createB(&pb.Subscription{MessageRetentionDuration: durationpb.New(time.Minute)}),
			invalid, subB},
		{"expires too soon", createB(&pb.Subscription{ExpirationPolicy: expiry(time.Hour)}), invalid, subB},
		{"expires before its messages", createB(&pb.Subscription{ExpirationPolicy: expiry(25 * time.Hour)}),
			invalid, subB},
		{"backoff the wrong way round", createB(&pb.Subscription{RetryPolicy: backoff(9*time.Second, time.Second)}),
			invalid, subB},
		{"backoff too long", createB(&pb.Subscription{RetryPolicy: backoff(time.Second, 601*time.Second)}),
			invalid, subB},
		{"too few attempts", createB(&pb.Subscription{DeadLetterPolicy: deadLetters(topicB, 4)}), invalid, subB},
		{"too many attempts", createB(&pb.Subscription{DeadLetterPolicy: deadLetters(topicB, 101)}), invalid, subB},
		{"dead letters to nothing", createB(&pb.Subscription{DeadLetterPolicy: deadLetters(ghostTopic, 5)}),
			codes.NotFound, ghostTopic},
		{"dead letters in a circle", createB(&pb.Subscription{DeadLetterPolicy: deadLetters(topicA, 5)}),
			invalid, subB},
		{"update of nothing", update(&pb.Subscription{Name: ghostSub}, "labels"), codes.NotFound, ghostSub},
		{"update without mask", update(&pb.Subscription{Name: subA}), invalid, subA},
		{"update of the topic", update(&pb.Subscription{Name: subA, Topic: ghostTopic}, "topic"), missing, subA},
		{"update to a bad deadline", update(&pb.Subscription{Name: subA, AckDeadlineSeconds: 1},
			"ack_deadline_seconds"), invalid, subA},
		{"update to a bad retention",
			update(&pb.Subscription{Name: subA, MessageRetentionDuration: durationpb.New(time.Second)},
				"message_retention_duration"), invalid, subA},
		{"update to no deadline", update(&pb.Subscription{Name: subA}, "ack_deadline_seconds"), invalid, subA},
		{"update to push", update(&pb.Subscription{Name: subA, PushConfig: &pb.PushConfig{PushEndpoint: "https://x"}},
			"push_config"), missing, subA},
		{"update half", update(&pb.Subscription{Name: subA, AckDeadlineSeconds: 77, Filter: "x"},
			"ack_deadline_seconds", "filter"), missing, subA},
		{"topic update of nothing", updateTopic(&pb.Topic{Name: ghostTopic}, "labels"), codes.NotFound, ghostTopic},
		{"topic update without mask", updateTopic(&pb.Topic{Name: topicA}), invalid, topicA},
		{"topic update to a schema", updateTopic(&pb.Topic{Name: topicA}, "schema_settings"), missing, topicA},
		{"publish to nothing", publish(ghostTopic, message), codes.NotFound, ghostTopic},
		{"publish nothing", publish(topicA), invalid, topicA},
		{"publish too many", publish(topicA, slices.Repeat([]*pb.PubsubMessage{message}, 1001)...), invalid, topicA},
		{"empty message", publish(topicA, message, &pb.PubsubMessage{}), invalid, "message 1"},
		{"attribute without name", publish(topicA, &pb.PubsubMessage{Attributes: map[string]string{"": "x"}}),
			invalid, topicA},
		{"attribute name", publish(topicA, &pb.PubsubMessage{Attributes: map[string]string{long: "x"}}),
			invalid, topicA},
		{"attribute value", publish(topicA, &pb.PubsubMessage{Attributes: map[string]string{"x": long}}),
			invalid, topicA},
		{"reserved attribute", publish(topicA, &pb.PubsubMessage{Attributes: map[string]string{"googclient": "x"}}),
			invalid, "googclient"},
		{"too many attributes", publish(topicA, &pb.PubsubMessage{Attributes: many}), invalid, topicA},
		{"ordering key", publish(topicA, &pb.PubsubMessage{Data: []byte("x"), OrderingKey: long}), invalid, topicA},
		{"pull from nothing", pull(ghostSub, 1), codes.NotFound, ghostSub},
		{"pull none", pull(subA, 0), invalid, subA},
		{"ack on nothing", ack(ghostSub, "1-1"), codes.NotFound, ghostSub},
		{"ack without ids", ack(subA), invalid, subA},
		{"ack garbage", ack(subA, "garbage!"), invalid, "garbage!"},
		{"modify on nothing", modify(ghostSub, 10, "1-1"), codes.NotFound, ghostSub},
		{"modify without ids", modify(subA, 10), invalid, subA},
		{"modify garbage", modify(subA, 10, "garbage!"), invalid, "garbage!"},
		{"modify to the past", modify(subA, -1, "1-1"), invalid, subA},
		{"modify too far", modify(subA, 601, "1-1"), invalid, subA},
		{"in process: topic twice", f.CreateTopic(topicA), codes.AlreadyExists, topicA},
		{"in process: deadline",
			f.CreateSubscription(topicA, subB, localpubsub.SubscriptionOptions{AckDeadline: time.Hour}), invalid, subB},
		{"in process: stats of nothing", second(f.Stats(ghostSub)), codes.NotFound, ghostSub},
		{"in process: no UTF-8", second(f.Publish(topicA, nil, map[string]string{"x": "\xff"})), invalid, topicA},
		{"in process: faults on nothing", f.Inject(ghostSub, localpubsub.Faults{}), codes.NotFound, ghostSub},
		{"in process: bad faults", f.Inject(subA, localpubsub.Faults{DuplicateShare: 1.5}), invalid, subA},
	} {
		if status.Code(c.err) != c.code || !strings.Contains(status.Convert(c.err).Message(), c.names) {
			t.Errorf("%s: error is %v, want %v naming %s", c.name, c.err, c.code, c.names)
		}
	}
	f.wantStats(t, subA, localpubsub.Stats{})
	unchanged, err := f.sub.GetSubscription(ctx, &pb.GetSubscriptionRequest{Subscription: subA})
	if err != nil || unchanged.GetAckDeadlineSeconds() != 10 {
		t.Errorf("after what was refused there is %v, %v", unchanged, err)
	}
}

func second[T any](_ T, err error) error { return err }
