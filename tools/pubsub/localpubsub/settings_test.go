package localpubsub_test

import (
	"testing"
	"time"

	pb "cloud.google.com/go/pubsub/v2/apiv1/pubsubpb"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/fieldmaskpb"

	"github.com/beamlytics/streamlytics/tools/pubsub/localpubsub"
)

func backoff(shortest, longest time.Duration) *pb.RetryPolicy {
	return &pb.RetryPolicy{MinimumBackoff: durationpb.New(shortest), MaximumBackoff: durationpb.New(longest)}
}

func deadLetters(topic string, attempts int32) *pb.DeadLetterPolicy {
	return &pb.DeadLetterPolicy{DeadLetterTopic: topic, MaxDeliveryAttempts: attempts}
}

func TestSubscriptionGetsTheDefaults(t *testing.T) {
	f := start(t, localpubsub.Options{})
	must(t, f.CreateTopic(topicB))
	got, err := f.sub.CreateSubscription(within(t), &pb.Subscription{
		Name: subB, Topic: topicA, DeadLetterPolicy: &pb.DeadLetterPolicy{DeadLetterTopic: topicB},
		RetryPolicy: &pb.RetryPolicy{},
	})
	must(t, err)
	want := &pb.Subscription{
		Name: subB, Topic: topicA, AckDeadlineSeconds: 10, State: pb.Subscription_ACTIVE,
		MessageRetentionDuration: durationpb.New(7 * 24 * time.Hour),
		ExpirationPolicy:         &pb.ExpirationPolicy{Ttl: durationpb.New(31 * 24 * time.Hour)},
		DeadLetterPolicy:         deadLetters(topicB, 5), RetryPolicy: backoff(10*time.Second, 600*time.Second),
	}
	if !proto.Equal(got, want) {
		t.Errorf("created\n%v, want\n%v", got, want)
	}
}

// TestEachSettingCanBeChanged changes one setting after the other, and back to nothing.
func TestEachSettingCanBeChanged(t *testing.T) {
	f := start(t, localpubsub.Options{})
	must(t, f.CreateTopic(topicB))
	have, err := f.sub.GetSubscription(within(t), &pb.GetSubscriptionRequest{Subscription: subA})
	must(t, err)
	wanted := &pb.Subscription{
		Name: subA, AckDeadlineSeconds: 33, Labels: map[string]string{"a": "b"},
		MessageRetentionDuration: durationpb.New(time.Hour),
		ExpirationPolicy:         &pb.ExpirationPolicy{}, RetryPolicy: backoff(time.Second, time.Minute),
		DeadLetterPolicy: deadLetters(topicB, 9),
	}
	update := func(to *pb.Subscription, path string) {
		t.Helper()
		_, err := f.sub.UpdateSubscription(within(t),
			&pb.UpdateSubscriptionRequest{Subscription: to, UpdateMask: &fieldmaskpb.FieldMask{Paths: []string{path}}})
		must(t, err)
		to = proto.CloneOf(to)
		field := have.ProtoReflect().Descriptor().Fields().ByTextName(path)
		if to.ProtoReflect().Has(field) {
			have.ProtoReflect().Set(field, to.ProtoReflect().Get(field))
		} else {
			have.ProtoReflect().Clear(field)
		}
		got, err := f.sub.GetSubscription(within(t), &pb.GetSubscriptionRequest{Subscription: subA})
		must(t, err)
		if !proto.Equal(got, have) {
			t.Errorf("after %s it is\n%v, want\n%v", path, got, have)
		}
	}
	for _, path := range []string{
		"ack_deadline_seconds", "labels", "message_retention_duration", "expiration_policy", "retry_policy",
		"dead_letter_policy",
	} {
		update(wanted, path)
	}
	for _, path := range []string{"labels", "retry_policy", "dead_letter_policy"} {
		update(&pb.Subscription{Name: subA}, path)
	}
}

func TestTopicLabelsCanBeChanged(t *testing.T) {
	f := start(t, localpubsub.Options{})
	want := &pb.Topic{Name: topicA, Labels: map[string]string{"team": "stock"},
		MessageRetentionDuration: durationpb.New(time.Hour)}
	mask := &fieldmaskpb.FieldMask{Paths: []string{"labels", "message_retention_duration"}}
	_, err := f.pub.UpdateTopic(within(t), &pb.UpdateTopicRequest{Topic: want, UpdateMask: mask})
	must(t, err)
	got, err := f.pub.GetTopic(within(t), &pb.GetTopicRequest{Topic: topicA})
	if err != nil || !proto.Equal(got, want) {
		t.Errorf("got %v, %v, want %v", got, err, want)
	}
}

// TestDeadLettersArriveWithTheirStory gives a message back until it is a dead letter.
func TestDeadLettersArriveWithTheirStory(t *testing.T) {
	f := start(t, localpubsub.Options{})
	must(t, f.CreateTopic(topicB))
	grave := localpubsub.SubscriptionName("shop", "grave")
	must(t, f.CreateSubscription(topicB, grave, localpubsub.SubscriptionOptions{}))
	_, err := f.sub.CreateSubscription(within(t),
		&pb.Subscription{Name: subB, Topic: topicA, DeadLetterPolicy: deadLetters(topicB, 5)})
	must(t, err)
	id, err := f.Publish(topicA, []byte("x"), map[string]string{"event_id": "7"})
	must(t, err)
	for attempt := range int32(5) {
		m := f.pullOne(t, subB)
		if m.GetDeliveryAttempt() != attempt+1 {
			t.Errorf("delivery %d is attempt %d", attempt+1, m.GetDeliveryAttempt())
		}
		f.modify(t, subB, 0, m)
	}
	m := f.pullOne(t, grave).GetMessage()
	story := m.GetAttributes()
	if string(m.GetData()) != "x" || story["event_id"] != "7" || m.GetMessageId() == id ||
		story["CloudPubSubDeadLetterSourceDeliveryCount"] != "5" ||
		story["CloudPubSubDeadLetterSourceSubscription"] != "events-b" ||
		story["CloudPubSubDeadLetterSourceSubscriptionProject"] != "shop" {
		t.Errorf("the dead letter is %v", m)
	}
	if _, err := time.Parse(time.RFC3339Nano, story["CloudPubSubDeadLetterSourceTopicPublishTime"]); err != nil {
		t.Error(err)
	}
	f.wantStats(t, subB, localpubsub.Stats{Delivered: 5, Redelivered: 4, Dead: 1})
	f.wantStats(t, subA, localpubsub.Stats{Backlog: 1})
}

// TestDeadLettersThatCannotBePassedOnStay deletes the dead letter topic.
func TestDeadLettersThatCannotBePassedOnStay(t *testing.T) {
	f := start(t, localpubsub.Options{})
	must(t, f.CreateTopic(topicB))
	_, err := f.sub.CreateSubscription(within(t),
		&pb.Subscription{Name: subB, Topic: topicA, DeadLetterPolicy: deadLetters(topicB, 5)})
	must(t, err)
	_, err = f.pub.DeleteTopic(within(t), &pb.DeleteTopicRequest{Topic: topicB})
	must(t, err)
	f.publish(t, 1)
	for range 7 {
		f.modify(t, subB, 0, f.pullOne(t, subB))
	}
	f.wantStats(t, subB, localpubsub.Stats{Backlog: 1, Delivered: 7, Redelivered: 6})
}
