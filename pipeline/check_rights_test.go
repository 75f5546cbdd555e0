package pipeline

import (
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"cloud.google.com/go/pubsub/v2/apiv1/pubsubpb"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/beamlytics/streamlytics/sinks/redis"
	"github.com/beamlytics/streamlytics/sources/pubsub"
	"github.com/beamlytics/streamlytics/test/redistest"
)

// TestJudge checks which subscriptions are refused, and on which runner.
func TestJudge(t *testing.T) {
	may := func(s *pubsubpb.Subscription) pubsub.Inspection { return pubsub.Inspection{Settings: s, MayPull: true} }
	good := &pubsubpb.Subscription{AckDeadlineSeconds: 60, MessageRetentionDuration: durationpb.New(time.Hour)}
	failing := &pubsubpb.Subscription{
		DeadLetterPolicy: &pubsubpb.DeadLetterPolicy{MaxDeliveryAttempts: 100},
		RetryPolicy: &pubsubpb.RetryPolicy{MinimumBackoff: durationpb.New(time.Second),
			MaximumBackoff: durationpb.New(time.Minute)},
	}
	pushed := &pubsubpb.Subscription{PushConfig: &pubsubpb.PushConfig{PushEndpoint: "https://a.b"}}
	exported := &pubsubpb.Subscription{BigqueryConfig: &pubsubpb.BigQueryConfig{}}
	for _, c := range []struct {
		found           pubsub.Inspection
		prism, onNative string // part of the detail, or of the error after !
	}{
		{may(good), "ack deadline 60 s, retention 1h0m0s", "ack deadline 60 s"},
		{pubsub.Inspection{Settings: good}, "!roles/pubsub.subscriber", "!roles/pubsub.subscriber"},
		{may(nil), "its settings are not known", "its settings are not known"},
		{may(failing), "retries after 1s to 1m0s, dead letters after 100 deliveries",
			"!streamlytics pubsub setup --runner=dataflow"},
		{may(&pubsubpb.Subscription{Topic: "_deleted-topic_"}), "!no topic", "!no topic"},
		{may(&pubsubpb.Subscription{Detached: true}), "!no topic", "!no topic"},
		{may(exported), "!exports", "!exports"},
		{may(pushed), "!pushes", "!pushes"},
	} {
		for native, want := range map[bool]string{false: c.prism, true: c.onNative} {
			got, err := judge(c.found, native)
			if err != nil {
				got = "!" + err.Error()
			}
			if want[0] == '!' && got[0] != '!' || !strings.Contains(got, strings.TrimPrefix(want, "!")) {
				t.Errorf("%v, native %v: %q, want %q", c.found, native, got, want)
			}
		}
	}
}

// TestRightsOfTheDocument holds the rights that are checked to those of docs/SECURITY.md, both ways: a
// user with these has all, and without one of them the check names it.
func TestRightsOfTheDocument(t *testing.T) {
	t.Setenv("REDIS_PASSWORD", "PASSWORD")
	text := document(t, "docs/SECURITY.md")
	acl := func(name string) []string {
		line := regexp.MustCompile("(?m)^```acl " + name + "\nACL SETUSER streamlytics (.*)\n```$")
		found := line.FindStringSubmatch(text)
		if found == nil {
			t.Fatalf("no rights of the %s", name)
		}
		return strings.Fields(found[1])
	}
	server := redistest.Start(t)
	granted := append(acl("pipeline"), acl("cluster")...)
	keeps, drops := DefaultOptions(), DefaultOptions()
	keeps.Redis.Addrs, drops.Restore = "a:1,b:2", "none"
	rights := append(keeps.redisRights(), drops.redisRights()...)
	r, err := redis.Open(redis.Config{Addrs: []string{server.Addr}, Username: "streamlytics"}, redis.Stats{})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	denied := func(rules []string) []string {
		t.Helper()
		do(t, server.Client(), "acl setuser streamlytics "+strings.Join(rules, " "))
		list, err := r.Denied(t.Context(), rights)
		if err != nil && strings.Contains(err.Error(), "NOPERM") { // the right by which rights are asked for
			return []string{strings.ReplaceAll(err.Error(), "'script|load'", "script load")}
		}
		if err != nil {
			t.Fatal(err)
		}
		return list
	}
	if list := denied(granted); len(list) > 0 {
		t.Errorf("the document does not grant %q", list)
	}
	for i, rule := range granted {
		name, command := strings.CutPrefix(rule, "+")
		if !command && rule[0] != '~' {
			continue
		}
		list := strings.Join(denied(slices.Delete(slices.Clone(granted), i, i+1)), "\n")
		if !strings.Contains(list, strings.ReplaceAll(name, "|", " ")) && command || list == "" {
			t.Errorf("without %s the check finds %q", rule, list)
		}
	}
}
