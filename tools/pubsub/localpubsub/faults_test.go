package localpubsub_test

import (
	"testing"

	pb "cloud.google.com/go/pubsub/v2/apiv1/pubsubpb"
	"google.golang.org/grpc/codes"

	"github.com/beamlytics/streamlytics/tools/pubsub/localpubsub"
)

func TestInjectedFailures(t *testing.T) {
	f := start(t, localpubsub.Options{})
	f.publish(t, 1)
	must(t, f.Inject(subA, localpubsub.Faults{FailPulls: 2, FailAcks: 1, FailModifies: 1, Code: codes.Internal}))

	_, err := f.sub.Pull(within(t), &pb.PullRequest{Subscription: subA, MaxMessages: 1})
	wantCode(t, err, codes.Internal)
	_, err = f.stream(t, &pb.StreamingPullRequest{}).Recv()
	wantCode(t, err, codes.Internal)
	got := f.pullOne(t, subA)

	_, err = f.sub.ModifyAckDeadline(within(t),
		&pb.ModifyAckDeadlineRequest{Subscription: subA, AckIds: []string{got.GetAckId()}})
	wantCode(t, err, codes.Internal)
	_, err = f.sub.Acknowledge(within(t), &pb.AcknowledgeRequest{Subscription: subA, AckIds: []string{got.GetAckId()}})
	wantCode(t, err, codes.Internal)
	f.wantStats(t, subA, localpubsub.Stats{Leased: 1, Delivered: 1})
	f.ack(t, subA, got)

	must(t, f.Inject(subA, localpubsub.Faults{FailPulls: 1}))
	_, err = f.sub.Pull(within(t), &pb.PullRequest{Subscription: subA, MaxMessages: 1})
	wantCode(t, err, codes.Unavailable)
	must(t, f.Inject(subA, localpubsub.Faults{FailPulls: 1}))
	must(t, f.Inject(subA, localpubsub.Faults{}))
	f.pull(t, subA, 1)
}

func TestLeasesExpireAtOnce(t *testing.T) {
	f := start(t, localpubsub.Options{})
	f.publish(t, 3)
	late := f.pull(t, subA, 2)
	must(t, f.Expire(subA))
	f.wantStats(t, subA, localpubsub.Stats{Backlog: 3, Delivered: 2, Expired: 2})
	f.ack(t, subA, late...)
	again := f.pull(t, subA, 3)
	f.wantStats(t, subA, localpubsub.Stats{Leased: 3, Delivered: 5, Redelivered: 2, Expired: 2, UnknownAcks: 2})
	f.ack(t, subA, again...)
	f.wantStats(t, subA, localpubsub.Stats{Delivered: 5, Acked: 3, Redelivered: 2, Expired: 2, UnknownAcks: 2})
	wantCode(t, f.Expire("projects/p/subscriptions/none"), codes.NotFound)
}

func TestDuplicates(t *testing.T) {
	const n = 1000
	copies := func(seed uint64) map[string]int {
		f := start(t, localpubsub.Options{})
		must(t, f.Inject(subA, localpubsub.Faults{DuplicateShare: 0.2, Seed: seed}))
		f.publish(t, n)
		count := map[string]int{}
		for {
			got := f.pull(t, subA, 300)
			if len(got) == 0 {
				break
			}
			for _, m := range got {
				count[string(m.GetMessage().GetData())]++
			}
			f.ack(t, subA, got...)
		}
		s, err := f.Stats(subA)
		must(t, err)
		if s.Acked != n || s.Delivered != n+s.Duplicated || s.Duplicated < n/10 || s.Duplicated > n/3 ||
			s.Leased != 0 || s.UnknownAcks != 0 {
			t.Errorf("stats %+v", s)
		}
		return count
	}
	first, again, other := copies(1), copies(1), copies(2)
	same := true
	for data, times := range first {
		if times > 2 || again[data] != times {
			t.Errorf("message %s came %d times, then %d times with the same seed", data, times, again[data])
		}
		same = same && other[data] == times
	}
	if len(first) != n || same {
		t.Errorf("%d different messages, want %d; same with another seed: %v", len(first), n, same)
	}
}
