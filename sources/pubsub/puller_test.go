package pubsub

import (
	"bytes"
	"testing"
	"time"

	"github.com/beamlytics/streamlytics/event"
	"github.com/beamlytics/streamlytics/sources"
)

// TestPullsAheadOfBundlesAreBounded: large messages that no bundle takes do not pile up by their
// number.
func TestPullsAheadOfBundlesAreBounded(t *testing.T) {
	const messages, size = 24, 9 << 20 // 216 MiB
	s := startService(t, 10*time.Second)
	for i := range messages {
		if _, err := s.Publish(testTopic, bytes.Repeat([]byte{byte(i)}, size), nil); err != nil {
			t.Fatal(err)
		}
	}
	client, err := newClient(s.Addr())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { client.Close() })
	p := startPuller(client, testSub, s.Addr())
	t.Cleanup(func() {
		p.stop(t.Context())
		p.leases.close(t.Context())
	})
	await(t, "the puller waits", func() bool { return p.ahead.Load() >= bytesAhead })

	seen := map[byte]bool{}
	await(t, "all messages come", func() bool {
		if n := p.ahead.Load(); n >= bytesAhead+maxAnswer {
			t.Fatalf("%d MB are ahead", n>>20)
		}
		batches := p.take(sources.BundleMessages)
		taken := int64(0)
		for i, b := range batches {
			if taken >= sources.BundleBytes {
				t.Fatalf("pull %d of a bundle that has %d MB", i, taken>>20)
			}
			taken += b.bytes
			for _, m := range b.messages {
				seen[m.Data[0]] = true
			}
			p.leases.acknowledge(b.lease)
		}
		return len(seen) == messages
	})
	if n := p.ahead.Load(); n != 0 {
		t.Errorf("%d bytes are ahead of nothing", n)
	}
}

func TestPullsAskForWhatFits(t *testing.T) {
	for _, c := range []struct {
		messages int
		bytes    int64
		want     int32
	}{
		{100, 100 << 10, pullMessages},
		{1000, 0, pullMessages},
		{100, 100 << 20, 16},
		{1, 10 << 20, 1},
		{1, 100 << 20, 1},
	} {
		if got := (pulled{messages: make([]event.Message, c.messages), bytes: c.bytes}).fitting(); got != c.want {
			t.Errorf("after %d messages of %d bytes: %d, want %d", c.messages, c.bytes, got, c.want)
		}
	}
}
