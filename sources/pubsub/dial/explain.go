package dial

import (
	"fmt"
	"strings"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// service is the address of Google's Pub/Sub.
const service = "pubsub.googleapis.com:443"

// NoCredentials is a hint for an error of Google's libraries about missing credentials.
const NoCredentials = "gcloud auth application-default login makes application default credentials, " +
	"and GOOGLE_APPLICATION_CREDENTIALS names a file with them"

// Explain returns an error of Pub/Sub on one line, with the address that was dialled and a hint.
// emulator is that of Options. The result wraps err.
func Explain(err error, emulator string) error {
	if err == nil {
		return nil
	}
	at, hint := service, ""
	if emulator != "" {
		at = emulator
	}
	switch code := status.Code(err); code {
	case codes.Unavailable:
		hint = "is the network up? PUBSUB_EMULATOR_HOST names an emulator instead"
		if emulator != "" {
			hint = "does an emulator listen there? PUBSUB_EMULATOR_HOST names it"
		}
	case codes.NotFound:
		hint = "streamlytics pubsub setup creates topics and subscriptions"
	case codes.PermissionDenied:
		hint = "docs/SECURITY.md lists the roles that the account needs"
	case codes.Unauthenticated:
		hint = NoCredentials
	default:
		if strings.Contains(err.Error(), "could not find default credentials") {
			return &explained{"no credentials for Pub/Sub (" + NoCredentials +
				"; PUBSUB_EMULATOR_HOST names an emulator, which needs none)", err}
		}
		if _, answered := status.FromError(err); !answered && emulator == "" {
			hint = NoCredentials // a client cannot be made without credentials that it can read
		}
	}
	text := fmt.Sprintf("Pub/Sub at %s: %s", at, cause(err))
	if hint != "" {
		text += " (" + hint + ")"
	}
	return &explained{text, err}
}

// explained is an error whose text replaces that of the error it wraps.
type explained struct {
	text string
	err  error
}

func (e *explained) Error() string { return e.text }
func (e *explained) Unwrap() error { return e.err }

// cause returns an error of gRPC on one line: its code, and the innermost error of a connection
// that failed.
func cause(err error) string {
	s, ok := status.FromError(err)
	if !ok {
		return oneLine(err.Error())
	}
	text := s.Message()
	if _, inner, ok := strings.Cut(text, "transport: Error while dialing: "); ok {
		text = strings.TrimSuffix(inner, `"`)
	}
	return s.Code().String() + ": " + oneLine(text)
}

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }
