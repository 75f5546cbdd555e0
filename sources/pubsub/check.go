package pubsub

import (
	"context"
	"slices"

	"cloud.google.com/go/iam/apiv1/iampb"
	apiv1 "cloud.google.com/go/pubsub/v2/apiv1"
	"cloud.google.com/go/pubsub/v2/apiv1/pubsubpb"
	"github.com/googleapis/gax-go/v2"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/beamlytics/streamlytics/sources/pubsub/dial"
)

// consume is the right to pull from a subscription.
const consume = "pubsub.subscriptions.consume"

// Inspection is what is found about a subscription.
type Inspection struct {
	Settings *pubsubpb.Subscription // nil where the account may not get them, which pulling does not need
	MayPull  bool                   // true for an emulator, which has no rights
}

// Inspect returns what is found about a subscription. It pulls nothing and tries once.
func Inspect(ctx context.Context, emulator, name string) (Inspection, error) {
	client, err := newClient(emulator)
	if err != nil {
		return Inspection{}, err
	}
	defer func() { _ = client.Close() }() // nothing was sent that must arrive
	found, err := inspect(ctx, client, emulator == "", name)
	return found, dial.Explain(err, emulator)
}

// inspect is Inspect with a client, of a service that has rights or not.
func inspect(ctx context.Context, client *apiv1.SubscriptionAdminClient, rights bool, name string) (
	found Inspection, err error) {
	once := gax.WithRetry(func() gax.Retryer { return nil })
	found.Settings, err = client.GetSubscription(ctx, &pubsubpb.GetSubscriptionRequest{Subscription: name}, once)
	if err != nil && status.Code(err) != codes.PermissionDenied {
		return Inspection{}, err
	}
	if !rights {
		found.MayPull = true
		return found, err
	}
	answer, err := client.TestIamPermissions(ctx,
		&iampb.TestIamPermissionsRequest{Resource: name, Permissions: []string{consume}}, once)
	found.MayPull = slices.Contains(answer.GetPermissions(), consume)
	return found, err
}
