package pubsub

import (
	"context"
	"net"
	"slices"
	"strings"
	"testing"

	"cloud.google.com/go/iam/apiv1/iampb"
	"cloud.google.com/go/pubsub/v2/apiv1/pubsubpb"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/beamlytics/streamlytics/test/rig"
)

// TestInspect inspects a subscription with a message, which stays there, and one that is missing.
func TestInspect(t *testing.T) {
	server := rig.StartPubSub(t)
	if err := server.Publish(rig.Message{Channel: "pos", Data: []byte("{}")}); err != nil {
		t.Fatal(err)
	}
	found, err := Inspect(t.Context(), server.Server.Addr(), rig.Subscription("pos"))
	if err != nil || !found.MayPull || found.Settings.GetAckDeadlineSeconds() != 10 {
		t.Errorf("%+v, %v", found, err)
	}
	if s := server.Stats(); s.Backlog != 1 || s.Delivered != 0 {
		t.Errorf("%+v", s)
	}
	_, err = Inspect(t.Context(), server.Server.Addr(), rig.Subscription("none"))
	if status.Code(err) != codes.NotFound || !strings.Contains(err.Error(), "streamlytics pubsub setup") {
		t.Errorf("%v", err)
	}
}

// policies is a Pub/Sub with the policies of a subscription, which the server of this project does
// not have.
type policies struct {
	pubsubpb.UnimplementedSubscriberServer
	iampb.UnimplementedIAMPolicyServer
	rights []string // of the account
}

func (p *policies) GetSubscription(context.Context, *pubsubpb.GetSubscriptionRequest) (*pubsubpb.Subscription, error) {
	if !slices.Contains(p.rights, "pubsub.subscriptions.get") {
		return nil, status.Error(codes.PermissionDenied, "User not authorized")
	}
	return &pubsubpb.Subscription{AckDeadlineSeconds: 60}, nil
}

func (p *policies) TestIamPermissions(_ context.Context, r *iampb.TestIamPermissionsRequest) (
	*iampb.TestIamPermissionsResponse, error) {
	granted := slices.DeleteFunc(r.GetPermissions(), func(x string) bool { return !slices.Contains(p.rights, x) })
	return &iampb.TestIamPermissionsResponse{Permissions: granted}, nil
}

// TestInspectRights asks a service that has policies.
func TestInspectRights(t *testing.T) {
	service, server := &policies{}, grpc.NewServer()
	pubsubpb.RegisterSubscriberServer(server, service)
	iampb.RegisterIAMPolicyServer(server, service)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go func() { _ = server.Serve(listener) }() // ends with Stop
	defer server.Stop()
	client, err := newClient(listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = client.Close() }()
	const get = "pubsub.subscriptions.get"
	for _, rights := range [][]string{{get, consume}, {get}, {consume}, nil} {
		service.rights = rights
		found, err := inspect(t.Context(), client, true, "projects/p/subscriptions/s")
		if err != nil || found.MayPull != slices.Contains(rights, consume) ||
			(found.Settings != nil) != slices.Contains(rights, get) {
			t.Errorf("%q: %+v, %v", rights, found, err)
		}
	}
}
