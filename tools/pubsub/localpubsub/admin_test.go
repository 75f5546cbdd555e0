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

func TestTopics(t *testing.T) {
	f := start(t, localpubsub.Options{})
	ctx := within(t)
	name := localpubsub.TopicName("shop", "sales")
	created, err := f.pub.CreateTopic(ctx, &pb.Topic{Name: name, Labels: map[string]string{"team": "stock"}})
	must(t, err)
	got, err := f.pub.GetTopic(ctx, &pb.GetTopicRequest{Topic: name})
	must(t, err)
	if created.GetName() != name || got.GetLabels()["team"] != "stock" {
		t.Errorf("created %v, got %v", created, got)
	}
	must(t, f.CreateTopic(localpubsub.TopicName("elsewhere", "sales")))

	list, err := f.pub.ListTopics(ctx, &pb.ListTopicsRequest{Project: "projects/shop"})
	must(t, err)
	if len(list.GetTopics()) != 2 || list.GetTopics()[0].GetName() != topicA || list.GetTopics()[1].GetName() != name {
		t.Errorf("topics %v", list.GetTopics())
	}

	_, err = f.pub.DeleteTopic(ctx, &pb.DeleteTopicRequest{Topic: name})
	must(t, err)
	_, err = f.pub.GetTopic(ctx, &pb.GetTopicRequest{Topic: name})
	wantCode(t, err, codes.NotFound)
}

func TestSubscriptions(t *testing.T) {
	f := start(t, localpubsub.Options{})
	ctx := within(t)
	created, err := f.sub.CreateSubscription(ctx, &pb.Subscription{Name: subB, Topic: topicA})
	must(t, err)
	if created.GetAckDeadlineSeconds() != 10 || created.GetState() != pb.Subscription_ACTIVE {
		t.Errorf("created %v", created)
	}
	updated, err := f.sub.UpdateSubscription(ctx, &pb.UpdateSubscriptionRequest{
		Subscription: &pb.Subscription{Name: subB, AckDeadlineSeconds: 77, Labels: map[string]string{"a": "b"}},
		UpdateMask:   &fieldmaskpb.FieldMask{Paths: []string{"ack_deadline_seconds"}},
	})
	must(t, err)
	got, err := f.sub.GetSubscription(ctx, &pb.GetSubscriptionRequest{Subscription: subB})
	must(t, err)
	if updated.GetAckDeadlineSeconds() != 77 || got.GetAckDeadlineSeconds() != 77 || got.GetLabels() != nil {
		t.Errorf("updated %v, then got %v", updated, got)
	}

	ofProject, err := f.sub.ListSubscriptions(ctx, &pb.ListSubscriptionsRequest{Project: "projects/shop"})
	must(t, err)
	ofTopic, err := f.pub.ListTopicSubscriptions(ctx, &pb.ListTopicSubscriptionsRequest{Topic: topicA})
	must(t, err)
	if len(ofProject.GetSubscriptions()) != 2 || !slices.Equal(ofTopic.GetSubscriptions(), []string{subA, subB}) {
		t.Errorf("listed %v and %v", ofProject, ofTopic)
	}

	_, err = f.sub.DeleteSubscription(ctx, &pb.DeleteSubscriptionRequest{Subscription: subB})
	must(t, err)
	_, err = f.sub.GetSubscription(ctx, &pb.GetSubscriptionRequest{Subscription: subB})
	wantCode(t, err, codes.NotFound)
	f.publish(t, 1)
	if _, err := f.sub.CreateSubscription(ctx, &pb.Subscription{Name: subB, Topic: topicA}); err != nil {
		t.Fatal(err)
	}
	if got := f.pull(t, subB, 1); len(got) != 0 {
		t.Errorf("a new subscription has %v", dataOf(got))
	}
}

func TestDeletedTopicLeavesTheBacklog(t *testing.T) {
	f := start(t, localpubsub.Options{})
	ctx := within(t)
	f.publish(t, 2)
	_, err := f.pub.DeleteTopic(ctx, &pb.DeleteTopicRequest{Topic: topicA})
	must(t, err)
	got, err := f.sub.GetSubscription(ctx, &pb.GetSubscriptionRequest{Subscription: subA})
	must(t, err)
	if got.GetTopic() != "_deleted-topic_" {
		t.Errorf("topic is %q", got.GetTopic())
	}
	if got := f.pull(t, subA, 10); len(got) != 2 {
		t.Errorf("pulled %d messages, want 2", len(got))
	}
	_, err = f.Publish(topicA, []byte("x"), nil)
	wantCode(t, err, codes.NotFound)
	_, err = f.sub.DeleteSubscription(ctx, &pb.DeleteSubscriptionRequest{Subscription: subA})
	must(t, err)
}

func TestListingsComeInPages(t *testing.T) {
	f := start(t, localpubsub.Options{})
	want := []string{topicA}
	for _, id := range []string{"aaa", "bbb", "ccc", "zzz"} {
		name := localpubsub.TopicName("shop", id)
		must(t, f.CreateTopic(name))
		want = append(want, name)
	}
	slices.Sort(want)
	var got []string
	for token := ""; ; {
		list, err := f.pub.ListTopics(within(t), &pb.ListTopicsRequest{Project: "projects/shop", PageSize: 2, PageToken: token})
		must(t, err)
		if len(list.GetTopics()) > 2 {
			t.Fatalf("a page of %d", len(list.GetTopics()))
		}
		for _, topic := range list.GetTopics() {
			got = append(got, topic.GetName())
		}
		if token = list.GetNextPageToken(); token == "" {
			break
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("listed %v, want %v", got, want)
	}
}

// TestRefusals has one line for each way to be refused; the message must name the resource.
func TestRefusals(t *testing.T) {
	f := start(t, localpubsub.Options{})
	ctx := within(t)
	ghostTopic, ghostSub := localpubsub.TopicName("shop", "ghost"), localpubsub.SubscriptionName("shop", "ghost")
	createTopic := func(topic *pb.Topic) error { _, err := f.pub.CreateTopic(ctx, topic); return err }
	createSub := func(sub *pb.Subscription) error { _, err := f.sub.CreateSubscription(ctx, sub); return err }
	publish := func(topic string, messages ...*pb.PubsubMessage) error {
		_, err := f.pub.Publish(ctx, &pb.PublishRequest{Topic: topic, Messages: messages})
		return err
	}
	update := func(sub *pb.Subscription, paths ...string) error {
		_, err := f.sub.UpdateSubscription(ctx, &pb.UpdateSubscriptionRequest{Subscription: sub, UpdateMask: &fieldmaskpb.FieldMask{Paths: paths}})
		return err
	}
	updateTopic := func(topic *pb.Topic, paths ...string) error {
		_, err := f.pub.UpdateTopic(ctx, &pb.UpdateTopicRequest{Topic: topic, UpdateMask: &fieldmaskpb.FieldMask{Paths: paths}})
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
		_, err := f.sub.ModifyAckDeadline(ctx, &pb.ModifyAckDeadlineRequest{Subscription: sub, AckIds: ids, AckDeadlineSeconds: seconds})
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
		{"topic without form", createTopic(&pb.Topic{Name: "sales"}), codes.InvalidArgument, "sales"},
		{"topic with a slash", createTopic(&pb.Topic{Name: topicA + "/x"}), codes.InvalidArgument, topicA},
		{"topic id too short", createTopic(&pb.Topic{Name: "projects/p/topics/ab"}), codes.InvalidArgument, "topics/ab"},
		{"topic id too long", createTopic(&pb.Topic{Name: "projects/p/topics/" + strings.Repeat("x", 256)}), codes.InvalidArgument, "projects/p"},
		{"topic id reserved", createTopic(&pb.Topic{Name: "projects/p/topics/google"}), codes.InvalidArgument, "google"},
		{"topic with schema", createTopic(&pb.Topic{Name: ghostTopic, SchemaSettings: &pb.SchemaSettings{}}), codes.Unimplemented, ghostTopic},
		{"subscription twice", createSub(&pb.Subscription{Name: subA, Topic: topicA}), codes.AlreadyExists, subA},
		{"subscription name", createSub(&pb.Subscription{Name: topicA, Topic: topicA}), codes.InvalidArgument, topicA},
		{"subscription to nothing", createSub(&pb.Subscription{Name: subB, Topic: ghostTopic}), codes.NotFound, ghostTopic},
		{"deadline too short", createSub(&pb.Subscription{Name: subB, Topic: topicA, AckDeadlineSeconds: 9}), codes.InvalidArgument, subB},
		{"deadline too long", createSub(&pb.Subscription{Name: subB, Topic: topicA, AckDeadlineSeconds: 601}), codes.InvalidArgument, subB},
		{"push", createSub(&pb.Subscription{Name: subB, Topic: topicA, PushConfig: &pb.PushConfig{PushEndpoint: "https://x"}}), codes.Unimplemented, subB},
		{"filter", createSub(&pb.Subscription{Name: subB, Topic: topicA, Filter: "attributes:x"}), codes.Unimplemented, subB},
		{"exactly once", createSub(&pb.Subscription{Name: subB, Topic: topicA, EnableExactlyOnceDelivery: true}), codes.Unimplemented, subB},
		{"retention too short", createSub(&pb.Subscription{Name: subB, Topic: topicA, MessageRetentionDuration: durationpb.New(time.Minute)}), codes.InvalidArgument, subB},
		{"expires too soon", createSub(&pb.Subscription{Name: subB, Topic: topicA, ExpirationPolicy: &pb.ExpirationPolicy{Ttl: durationpb.New(time.Hour)}}), codes.InvalidArgument, subB},
		{"expires before its messages", createSub(&pb.Subscription{Name: subB, Topic: topicA, ExpirationPolicy: &pb.ExpirationPolicy{Ttl: durationpb.New(25 * time.Hour)}}), codes.InvalidArgument, subB},
		{"backoff the wrong way round", createSub(&pb.Subscription{Name: subB, Topic: topicA, RetryPolicy: backoff(9*time.Second, time.Second)}), codes.InvalidArgument, subB},
		{"backoff too long", createSub(&pb.Subscription{Name: subB, Topic: topicA, RetryPolicy: backoff(time.Second, 601*time.Second)}), codes.InvalidArgument, subB},
		{"too few attempts", createSub(&pb.Subscription{Name: subB, Topic: topicA, DeadLetterPolicy: deadLetters(topicB, 4)}), codes.InvalidArgument, subB},
		{"too many attempts", createSub(&pb.Subscription{Name: subB, Topic: topicA, DeadLetterPolicy: deadLetters(topicB, 101)}), codes.InvalidArgument, subB},
		{"dead letters to nothing", createSub(&pb.Subscription{Name: subB, Topic: topicA, DeadLetterPolicy: deadLetters(ghostTopic, 5)}), codes.NotFound, ghostTopic},
		{"dead letters in a circle", createSub(&pb.Subscription{Name: subB, Topic: topicA, DeadLetterPolicy: deadLetters(topicA, 5)}), codes.InvalidArgument, subB},
		{"update of nothing", update(&pb.Subscription{Name: ghostSub}, "labels"), codes.NotFound, ghostSub},
		{"update without mask", update(&pb.Subscription{Name: subA}), codes.InvalidArgument, subA},
		{"update of the topic", update(&pb.Subscription{Name: subA, Topic: ghostTopic}, "topic"), codes.Unimplemented, subA},
		{"update to a bad deadline", update(&pb.Subscription{Name: subA, AckDeadlineSeconds: 1}, "ack_deadline_seconds"), codes.InvalidArgument, subA},
		{"update to a bad retention", update(&pb.Subscription{Name: subA, MessageRetentionDuration: durationpb.New(time.Second)}, "message_retention_duration"), codes.InvalidArgument, subA},
		{"update to no deadline", update(&pb.Subscription{Name: subA}, "ack_deadline_seconds"), codes.InvalidArgument, subA},
		{"update to push", update(&pb.Subscription{Name: subA, PushConfig: &pb.PushConfig{PushEndpoint: "https://x"}}, "push_config"), codes.Unimplemented, subA},
		{"update half", update(&pb.Subscription{Name: subA, AckDeadlineSeconds: 77, Filter: "x"}, "ack_deadline_seconds", "filter"), codes.Unimplemented, subA},
		{"topic update of nothing", updateTopic(&pb.Topic{Name: ghostTopic}, "labels"), codes.NotFound, ghostTopic},
		{"topic update without mask", updateTopic(&pb.Topic{Name: topicA}), codes.InvalidArgument, topicA},
		{"topic update to a schema", updateTopic(&pb.Topic{Name: topicA}, "schema_settings"), codes.Unimplemented, topicA},
		{"publish to nothing", publish(ghostTopic, message), codes.NotFound, ghostTopic},
		{"publish nothing", publish(topicA), codes.InvalidArgument, topicA},
		{"publish too many", publish(topicA, slices.Repeat([]*pb.PubsubMessage{message}, 1001)...), codes.InvalidArgument, topicA},
		{"empty message", publish(topicA, message, &pb.PubsubMessage{}), codes.InvalidArgument, "message 1"},
		{"attribute without name", publish(topicA, &pb.PubsubMessage{Attributes: map[string]string{"": "x"}}), codes.InvalidArgument, topicA},
		{"attribute name", publish(topicA, &pb.PubsubMessage{Attributes: map[string]string{long: "x"}}), codes.InvalidArgument, topicA},
		{"attribute value", publish(topicA, &pb.PubsubMessage{Attributes: map[string]string{"x": long}}), codes.InvalidArgument, topicA},
		{"reserved attribute", publish(topicA, &pb.PubsubMessage{Attributes: map[string]string{"googclient": "x"}}), codes.InvalidArgument, "googclient"},
		{"too many attributes", publish(topicA, &pb.PubsubMessage{Attributes: many}), codes.InvalidArgument, topicA},
		{"ordering key", publish(topicA, &pb.PubsubMessage{Data: []byte("x"), OrderingKey: long}), codes.InvalidArgument, topicA},
		{"pull from nothing", pull(ghostSub, 1), codes.NotFound, ghostSub},
		{"pull none", pull(subA, 0), codes.InvalidArgument, subA},
		{"ack on nothing", ack(ghostSub, "1-1"), codes.NotFound, ghostSub},
		{"ack without ids", ack(subA), codes.InvalidArgument, subA},
		{"ack garbage", ack(subA, "garbage!"), codes.InvalidArgument, "garbage!"},
		{"modify on nothing", modify(ghostSub, 10, "1-1"), codes.NotFound, ghostSub},
		{"modify without ids", modify(subA, 10), codes.InvalidArgument, subA},
		{"modify garbage", modify(subA, 10, "garbage!"), codes.InvalidArgument, "garbage!"},
		{"modify to the past", modify(subA, -1, "1-1"), codes.InvalidArgument, subA},
		{"modify too far", modify(subA, 601, "1-1"), codes.InvalidArgument, subA},
		{"in process: topic twice", f.CreateTopic(topicA), codes.AlreadyExists, topicA},
		{"in process: deadline", f.CreateSubscription(topicA, subB, localpubsub.SubscriptionOptions{AckDeadline: time.Hour}), codes.InvalidArgument, subB},
		{"in process: stats of nothing", second(f.Stats(ghostSub)), codes.NotFound, ghostSub},
		{"in process: no UTF-8", second(f.Publish(topicA, nil, map[string]string{"x": "\xff"})), codes.InvalidArgument, topicA},
		{"in process: faults on nothing", f.Inject(ghostSub, localpubsub.Faults{}), codes.NotFound, ghostSub},
		{"in process: bad faults", f.Inject(subA, localpubsub.Faults{DuplicateShare: 1.5}), codes.InvalidArgument, subA},
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

func TestCreateFromAList(t *testing.T) {
	f := start(t, localpubsub.Options{})
	must(t, f.Create("till", "sales:sales-a, sales:sales-b,views"))
	must(t, f.Create("till", ""))
	topics, err := f.pub.ListTopics(within(t), &pb.ListTopicsRequest{Project: "projects/till"})
	must(t, err)
	subs, err := f.pub.ListTopicSubscriptions(within(t), &pb.ListTopicSubscriptionsRequest{Topic: localpubsub.TopicName("till", "sales")})
	must(t, err)
	want := []string{localpubsub.SubscriptionName("till", "sales-a"), localpubsub.SubscriptionName("till", "sales-b")}
	if len(topics.GetTopics()) != 2 || !slices.Equal(subs.GetSubscriptions(), want) {
		t.Errorf("created %v with %v", topics.GetTopics(), subs.GetSubscriptions())
	}
	wantCode(t, f.Create("till", "sales:sales-a"), codes.AlreadyExists)
	wantCode(t, f.Create("till", "sales:"), codes.InvalidArgument)
	wantCode(t, f.Create("till", ",sales"), codes.InvalidArgument)
}
