package setup

import (
	"strings"
	"testing"

	"github.com/beamlytics/streamlytics/config"
)

func TestBadOptionsAreNamedAllAtOnce(t *testing.T) {
	t.Setenv("PUBSUB_EMULATOR_HOST", "")
	for _, c := range []struct {
		args  string
		wants []string
	}{
		{"--project=P --ack_deadline=9s --message_retention=1m",
			[]string{"--project: \"P\"", "--ack_deadline: 9s", "--message_retention: 1m0s"}},
		{"--ack_deadline=10500ms", []string{"--ack_deadline: 10.5s"}},
		{"--max_delivery_attempts=4 --retry_after=2m", []string{"--max_delivery_attempts: 4", "--retry_after: 2m0s"}},
		{"--runner=flink --wait=0s extra",
			[]string{"--runner: \"flink\"", "--wait: 0s", "unexpected argument \"extra\""}},
		{"--runner=dataflow --retry_after=1s", []string{"--retry_after: is not for --runner=dataflow"}},
		{"--pos_topic=x", []string{"--pos_topic: \"x\" is no id"}},
		{"--prefix=goog-", []string{"--pos_topic: \"goog-pos\" is no id", "--wms_topic"}},
		{"--pos_topic= --pos_subscription=abc", []string{"--pos_subscription: needs --pos_topic"}},
		{"--pos_topic= --ecom_topic= --wms_topic=", []string{"there is nothing to make"}},
		{"--ecom_subscription=pos", []string{"--ecom_subscription: \"pos\" is what --pos_subscription comes to"}},
		{"--ecom_topic=pos-dead-letter --ecom_subscription=ecom", []string{
			"--ecom_topic: \"pos-dead-letter\" is the dead letter topic that --pos_subscription comes to",
		}},
		{"--labels=Team=x,env", []string{"--labels: \"Team=x\"", "--labels: \"env\""}},
		{"--labels=managed-by=me", []string{"--labels: \"managed-by\""}},
		{"--delete --adopt", []string{"--adopt: is not for --delete"}},
		{"--nonsense", []string{"nonsense"}},
	} {
		_, err := parseOptions(strings.Fields(c.args))
		for _, want := range c.wants {
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%s: the error is %v, without %q", c.args, err, want)
			}
		}
	}
}

// TestWhereItGoes checks that only a named project is a project of Google's.
func TestWhereItGoes(t *testing.T) {
	for _, c := range []struct{ env, args, project, emulator string }{
		{"", "", "local", "127.0.0.1:8085"},
		{"", "--project=shop", "shop", ""},
		{"host:1", "--project=shop", "shop", "host:1"},
	} {
		t.Setenv("PUBSUB_EMULATOR_HOST", c.env)
		o, err := parseOptions(strings.Fields(c.args))
		if err != nil || o.project != c.project || o.emulator != c.emulator {
			t.Errorf("%q with %q: %s at %q, %v", c.args, c.env, o.project, o.emulator, err)
		}
	}
	t.Setenv("PUBSUB_EMULATOR_HOST", "host:1")
	if _, err := parseOptions(nil); err == nil || !strings.Contains(err.Error(), "--project") {
		t.Errorf("an emulator without a project: %v", err)
	}
}

// TestGrants checks that Pub/Sub gets the right to publish to each dead letter topic and to
// acknowledge on each subscription.
func TestGrants(t *testing.T) {
	t.Setenv("PUBSUB_EMULATOR_HOST", "")
	commands := func(args ...string) string {
		o, err := parseOptions(append([]string{"--project=shop"}, args...))
		if err != nil {
			t.Fatal(err)
		}
		wanted, _ := o.declare()
		return grants("shop", wanted)
	}
	text := commands("--prefix=x-")
	for _, id := range []string{"pos", "ecom", "wms"} {
		for _, want := range []string{
			"topics add-iam-policy-binding x-" + id +
				"-dead-letter --project=shop --member=\"$agent\" --role=roles/pubsub.publisher\n",
			"subscriptions add-iam-policy-binding x-" + id +
				" --project=shop --member=\"$agent\" --role=roles/pubsub.subscriber\n",
		} {
			if !strings.Contains(text, want) {
				t.Errorf("no %q in\n%s", want, text)
			}
		}
	}
	if text := commands("--runner=dataflow"); text != "" {
		t.Errorf("without dead letter policies there is\n%s", text)
	}
}

// parseOptions returns the options on a command line.
func parseOptions(args []string) (Options, error) {
	o := DefaultOptions()
	err := config.Parse(&o, args, nil)
	return o, err
}
