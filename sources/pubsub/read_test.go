package pubsub

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"cloud.google.com/go/pubsub/v2/apiv1/pubsubpb"
	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/runners/prism"

	"github.com/beamlytics/streamlytics/event"
	"github.com/beamlytics/streamlytics/internal/acks"
	"github.com/beamlytics/streamlytics/internal/process"
	"github.com/beamlytics/streamlytics/sources"
	"github.com/beamlytics/streamlytics/test/rig"
	"github.com/beamlytics/streamlytics/test/sourcetest"
	"github.com/beamlytics/streamlytics/tools/pubsub/localpubsub"
)

var (
	testTopic = localpubsub.TopicName("shop", "sales")
	testSub   = Subscription{Name: localpubsub.SubscriptionName("shop", "sales-a"), Channel: event.POS}
)

// service is a Pub/Sub with one topic and testSub on it.
type service struct {
	*localpubsub.Server
	t *testing.T
}

func startService(t *testing.T, ackDeadline time.Duration) service {
	t.Helper()
	s := rig.ServePubSub(t, localpubsub.Options{})
	if err := s.CreateTopic(testTopic); err != nil {
		t.Fatal(err)
	}
	if err := s.CreateSubscription(testTopic, testSub.Name,
		localpubsub.SubscriptionOptions{AckDeadline: ackDeadline}); err != nil {
		t.Fatal(err)
	}
	return service{s, t}
}

// publish publishes n messages that bear their numbers.
func (s service) publish(n int) {
	s.t.Helper()
	for i := range n {
		if _, err := s.Publish(testTopic, fmt.Appendf(nil, "%d", i),
			map[string]string{"n": fmt.Sprint(i)}); err != nil {
			s.t.Fatal(err)
		}
	}
}

func (s service) stats() localpubsub.Stats {
	s.t.Helper()
	stats, err := s.Stats(testSub.Name)
	if err != nil {
		s.t.Fatal(err)
	}
	return stats
}

// job is a running pipeline that catches what subscriptions bring.
type job struct {
	t        *testing.T
	env      *process.Env
	cancel   context.CancelFunc
	finished chan error // gets one value, and is closed
}

func startJob(t *testing.T, env *process.Env, emulator string, subs ...Subscription) *job {
	t.Helper()
	p, s := beam.NewPipelineWithRoot()
	for _, sub := range subs {
		s := s.Scope(sub.Name)
		sourcetest.Catch(s, t.Name(), Read(s, t.Name(), emulator, sub))
	}
	ctx, cancel := context.WithCancel(t.Context())
	j := &job{t: t, env: env, cancel: cancel, finished: make(chan error, 1)}
	go func() {
		defer close(j.finished)
		_, err := prism.Execute(ctx, p)
		j.finished <- err
	}()
	t.Cleanup(func() {
		cancel()
		for range j.finished { // until it is closed, whatever the runner calls a cancelled job
		}
	})
	return j
}

// drain ends the job as package pipeline does.
func (j *job) drain() {
	j.t.Helper()
	ctx, cancel := context.WithTimeout(j.t.Context(), 20*time.Second)
	defer cancel()
	j.env.Stop()
	subs := SubscriptionsOf(j.env)
	subs.Stop(ctx)
	if err := j.env.Tracker.Wait(ctx); err != nil {
		j.t.Error(err)
	}
	if err := subs.Wait(ctx); err != nil {
		j.t.Error(err)
	}
	if err := subs.Err(); err != nil {
		j.t.Error(err)
	}
	j.cancel()
	for range j.finished { // until it is closed, whatever the runner calls a cancelled job
	}
}

// waitAcked waits until n messages are acknowledged, and fails at once when the job ends before.
func (j *job) waitAcked(s service, n int64) {
	j.t.Helper()
	ctx, cancel := context.WithTimeout(j.t.Context(), 30*time.Second)
	defer cancel()
	acked := make(chan error, 1)
	go func() { acked <- s.WaitAcked(ctx, testSub.Name, n) }()
	select {
	case err := <-acked:
		if err != nil {
			j.t.Fatalf("%v; %+v", err, s.stats())
		}
	case err := <-j.finished:
		j.t.Fatalf("the job ended: %v", err)
	}
}

// checkMessages checks that each of n published messages was caught exactly once, whole.
func checkMessages(t *testing.T, messages []event.Message, n int) {
	t.Helper()
	seen := map[string]int{}
	for _, m := range messages {
		if seen[string(m.Data)]++; seen[string(m.Data)] == 2 {
			t.Errorf("message %s came twice", m.Data)
		}
		if m.Channel != testSub.Channel || m.Format != event.FormatPOS || m.ID == "" || m.Token == 0 ||
			m.Attributes["n"] != string(m.Data) || time.Since(time.UnixMilli(m.PublishedAt)).Abs() > time.Minute {
			t.Fatalf("a message came as %+v", m)
		}
	}
	if len(seen) != n {
		t.Errorf("%d messages of %d", len(seen), n)
	}
}

func TestPubSubOnPrism(t *testing.T) {
	for name, faults := range map[string]localpubsub.Faults{
		"good":           {},
		"all calls fail": {FailPulls: 3, FailAcks: 4, FailModifies: 2},
	} {
		t.Run(name, func(t *testing.T) {
			const n = 12_000
			s := startService(t, 0)
			s.publish(n)
			if err := s.Inject(testSub.Name, faults); err != nil {
				t.Fatal(err)
			}
			env := sourcetest.NewEnv(t, acks.New(1<<20))
			j := startJob(t, env, s.Addr(), testSub)
			j.waitAcked(s, n)
			j.drain()
			checkMessages(t, sourcetest.NetOf(env).Caught(), n)
			if got, want := s.stats(), (localpubsub.Stats{Delivered: n, Acked: n}); got != want {
				t.Errorf("stats %+v, want %+v", got, want)
			}
			if env.Tracker.Outstanding() != 0 || env.Tracker.Acked() != n {
				t.Errorf("%d outstanding, %d acked", env.Tracker.Outstanding(), env.Tracker.Acked())
			}
		})
	}
}

// holdBack makes the net hand over the tokens of each bundle instead of releasing them.
func holdBack(env *process.Env) <-chan []int64 {
	held := make(chan []int64, 1000)
	sourcetest.NetOf(env).Release = func(tokens []int64) { held <- tokens }
	return held
}

// fillAhead waits until a job whose tracker is full has pulled as far ahead as it may, and no pull
// is in flight. It returns the number of messages that were emitted.
func (j *job) fillAhead(s service) (emitted int64) {
	j.t.Helper()
	await(j.t, "pulls as far ahead as they go", func() bool {
		emitted = j.env.Tracker.Outstanding()
		const ahead = pullsAhead + pullAtOnce
		return emitted > 0 && s.stats().Leased == emitted+ahead*pullMessages &&
			int64(SubscriptionsOf(j.env).held()) == emitted/pullMessages+ahead // the last answer has arrived too
	})
	return emitted
}

// TestPubSubAcknowledgesWhatIsDone: nothing is acknowledged before its end, and pulling stops while
// the tracker is full.
func TestPubSubAcknowledgesWhatIsDone(t *testing.T) {
	const n, limit = 20_000, 100
	s := startService(t, 0)
	s.publish(n)
	tracker := acks.New(limit)
	env := sourcetest.NewEnv(t, tracker)
	held := holdBack(env)
	j := startJob(t, env, s.Addr(), testSub)
	emitted := j.fillAhead(s)
	if acked := s.stats().Acked; acked != 0 {
		t.Errorf("%d messages were acknowledged while they were on the way", acked)
	}
	if most := int64(limit + sources.BundleMessages); emitted > most {
		t.Errorf("%d messages are outstanding, more than %d", emitted, most)
	}
	tracker.Release(<-held)
	await(t, "acknowledgement of the first bundle", func() bool { return s.stats().Acked >= emitted })
	stop := make(chan struct{})
	defer close(stop)
	go func() {
		for {
			select {
			case tokens := <-held:
				tracker.Release(tokens)
			case <-stop:
				return
			}
		}
	}()
	j.waitAcked(s, n)
	j.drain()
	checkMessages(t, sourcetest.NetOf(env).Caught(), n)
}

// TestPubSubDrain: what was pulled and not emitted is given back at once; what was emitted is
// acknowledged.
func TestPubSubDrain(t *testing.T) {
	const n = 30_000
	s := startService(t, 10*time.Minute)
	s.publish(n)
	env := sourcetest.NewEnv(t, acks.New(1)) // full after the first bundle
	held := holdBack(env)
	j := startJob(t, env, s.Addr(), testSub)
	emitted := j.fillAhead(s)
	env.Stop()
	env.Tracker.Release(<-held)
	j.drain()
	if got, want := s.stats(), (localpubsub.Stats{Backlog: n - emitted, Acked: emitted, Delivered: emitted +
		(pullsAhead+pullAtOnce)*pullMessages}); got != want {
		t.Errorf("%d messages were emitted; stats %+v, want %+v", emitted, got, want)
	}
	if caught := int64(len(sourcetest.NetOf(env).Caught())); caught != emitted {
		t.Errorf("%d messages were caught, and %d emitted", caught, emitted)
	}
}

// TestPubSubMissingSubscription: the job fails at once, and the error names the subscription.
func TestPubSubMissingSubscription(t *testing.T) {
	s := startService(t, 0)
	missing := testSub
	missing.Name = localpubsub.SubscriptionName("shop", "nowhere")
	env := sourcetest.NewEnv(t, acks.New(100))
	j := startJob(t, env, s.Addr(), missing)
	if err := <-j.finished; err == nil || !strings.Contains(err.Error(), missing.Name) {
		t.Errorf("the job ends with %v", err)
	}
	if err := SubscriptionsOf(env).Err(); err == nil || !strings.Contains(err.Error(), "pull from "+missing.Name) {
		t.Errorf("the subscriptions say %v", err)
	}
}

// TestPubSubDeletedSubscription: the same when it goes while the job runs.
func TestPubSubDeletedSubscription(t *testing.T) {
	s := startService(t, 0)
	s.publish(10)
	env := sourcetest.NewEnv(t, acks.New(100))
	j := startJob(t, env, s.Addr(), testSub)
	j.waitAcked(s, 10)
	client, err := newClient(s.Addr())
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	if err := client.DeleteSubscription(t.Context(),
		&pubsubpb.DeleteSubscriptionRequest{Subscription: testSub.Name}); err != nil {
		t.Fatal(err)
	}
	if err := <-j.finished; err == nil || !strings.Contains(err.Error(), testSub.Name) {
		t.Errorf("the job ends with %v", err)
	}
}

// TestPubSubNeedsATracker: where nobody would acknowledge, the source refuses to start.
func TestPubSubNeedsATracker(t *testing.T) {
	sourcetest.NewEnv(t, nil)
	err := (&ReadFn{PipelineID: t.Name()}).Setup()
	if err == nil || !strings.Contains(err.Error(), "ack tracker") {
		t.Errorf("Setup returns %v", err)
	}
}

// TestTruncate: a drain ends a subscription, which has no end of its own.
func TestTruncate(t *testing.T) {
	f := &ReadFn{}
	got := f.TruncateRestriction(f.CreateTracker(sources.Position{At: 7}), Subscription{})
	if got != (sources.Position{At: 7, Done: true}) {
		t.Errorf("left is %+v", got)
	}
}
