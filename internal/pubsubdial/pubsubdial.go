// Package pubsubdial says how Pub/Sub is reached: Google's service, or an emulator.
package pubsubdial

import (
	"google.golang.org/api/option"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
)

// Options connect a client to an emulator at host:port, without credentials and TLS; to Google's service, with the default
// credentials of the environment, where emulator is empty.
func Options(emulator string) []option.ClientOption {
	opts := []option.ClientOption{option.WithTelemetryDisabled()}
	if emulator == "" {
		return opts
	}
	return append(opts, option.WithEndpoint(emulator), option.WithoutAuthentication(),
		option.WithGRPCDialOption(grpc.WithTransportCredentials(insecure.NewCredentials())))
}
