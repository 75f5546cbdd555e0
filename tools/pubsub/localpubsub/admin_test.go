package localpubsub_test

import (
	"slices"
	"testing"

	pb "cloud.google.com/go/pubsub/v2/apiv1/pubsubpb"
	"google.golang.org/grpc/codes"
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
		list, err := f.pub.ListTopics(within(t), &pb.ListTopicsRequest{Project: "projects/shop", PageSize: 2,
			PageToken: token})
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

func TestCreateFromAList(t *testing.T) {
	f := start(t, localpubsub.Options{})
	must(t, f.Create("till", "sales:sales-a, sales:sales-b,views"))
	must(t, f.Create("till", ""))
	topics, err := f.pub.ListTopics(within(t), &pb.ListTopicsRequest{Project: "projects/till"})
	must(t, err)
	subs, err := f.pub.ListTopicSubscriptions(within(t),
		&pb.ListTopicSubscriptionsRequest{Topic: localpubsub.TopicName("till", "sales")})
	must(t, err)
	want := []string{localpubsub.SubscriptionName("till", "sales-a"), localpubsub.SubscriptionName("till", "sales-b")}
	if len(topics.GetTopics()) != 2 || !slices.Equal(subs.GetSubscriptions(), want) {
		t.Errorf("created %v with %v", topics.GetTopics(), subs.GetSubscriptions())
	}
	wantCode(t, f.Create("till", "sales:sales-a"), codes.AlreadyExists)
	wantCode(t, f.Create("till", "sales:"), codes.InvalidArgument)
	wantCode(t, f.Create("till", ",sales"), codes.InvalidArgument)
}
