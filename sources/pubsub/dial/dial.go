// Package dial connects to Pub/Sub: to Google's service or to an emulator. It is apart from package
// pubsub so that tools can use it without Beam.
package dial

import (
	"google.golang.org/api/option"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
)

// Options returns the options of a client of an emulator at host:port, without credentials and TLS,
// or of Google's service with the default credentials of the environment where emulator is empty.
func Options(emulator string) []option.ClientOption {
	opts := []option.ClientOption{option.WithTelemetryDisabled()}
	if emulator == "" {
		return opts
	}
	return append(opts, option.WithEndpoint(emulator), option.WithoutAuthentication(),
		option.WithGRPCDialOption(grpc.WithTransportCredentials(insecure.NewCredentials())))
}
