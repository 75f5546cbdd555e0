package main

import (
	"bytes"
	"io"
	"net"
	"strings"
	"testing"

	apiv1 "cloud.google.com/go/pubsub/v2/apiv1"
	pb "cloud.google.com/go/pubsub/v2/apiv1/pubsubpb"

	"github.com/beamlytics/streamlytics/sources/pubsub/dial"
	"github.com/beamlytics/streamlytics/test/programtest"
)

func TestMain(m *testing.M) { programtest.Main(m, main) }

func TestServesUntilASignal(t *testing.T) {
	programtest.ServesUntilASignal(t, []string{"--addr=127.0.0.1:0", "--project=shop", "--create=sales:sales-a,views"},
		func(t *testing.T, line string) {
			name, addr, found := strings.Cut(line, "=")
			if !found || name != "PUBSUB_EMULATOR_HOST" {
				t.Fatalf("printed %q", line)
			}
			subs, err := apiv1.NewSubscriptionAdminClient(t.Context(), dial.Options(addr)...)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = subs.Close() }()
			got, err := subs.GetSubscription(t.Context(),
				&pb.GetSubscriptionRequest{Subscription: "projects/shop/subscriptions/sales-a"})
			if err != nil || got.GetTopic() != "projects/shop/topics/sales" {
				t.Errorf("got %v, %v", got, err)
			}
		})
}

func TestRefusesBadCommandLines(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = taken.Close() }()
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"--nonsense"}, "nonsense"},
		{[]string{"--addr=127.0.0.1:0", "extra"}, "extra"},
		{[]string{"--addr=127.0.0.1:0", "--create=a:b"}, "projects/local/topics/a"},
		{[]string{"--addr=127.0.0.1:0", "--create=sales:sub,views:sub"}, "already exists"},
		{[]string{"--addr=" + taken.Addr().String()}, taken.Addr().String()},
	} {
		var stdout bytes.Buffer
		err := run(t.Context(), c.args, &stdout, io.Discard)
		if err == nil || !strings.Contains(err.Error(), c.want) || stdout.Len() > 0 {
			t.Errorf("%v: printed %q, error %v; want an error with %q", c.args, stdout.String(), err, c.want)
		}
	}
}
