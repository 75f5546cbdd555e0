package localpubsub

import (
	"regexp"
	"strings"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// kind is a kind of resource, by its name in messages.
type kind string

const (
	topicKind        kind = "topic"
	subscriptionKind kind = "subscription"
)

var (
	resourceID  = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9._~+%-]{2,254}$`)
	projectName = regexp.MustCompile(`^projects/[^/\s]+$`)
)

// TopicName returns the full name of a topic from the ids of its project and its own.
func TopicName(project, topic string) string {
	return "projects/" + project + "/topics/" + topic
}

// SubscriptionName returns the full name of a subscription from the ids of its project and its own.
func SubscriptionName(project, subscription string) string {
	return "projects/" + project + "/subscriptions/" + subscription
}

// checkName checks a name by the rules of the service.
func checkName(k kind, name string) error {
	project, id, found := strings.Cut(name, "/"+string(k)+"s/")
	if !found || !projectName.MatchString(project) {
		return status.Errorf(codes.InvalidArgument, "%s name %q is not of the form projects/{project}/%ss/{%s}",
			k, name, k, k)
	}
	if !resourceID.MatchString(id) || strings.HasPrefix(id, "goog") {
		return status.Errorf(codes.InvalidArgument,
			"%s name %q: the id must have 3 to 255 letters, digits or -_.~+%%, begin with a letter, "+
				"and not begin with goog", k, name)
	}
	return nil
}

func checkProject(name string) error {
	if !projectName.MatchString(name) {
		return status.Errorf(codes.InvalidArgument, "project name %q is not of the form projects/{project}", name)
	}
	return nil
}
