package pipeline

import (
	"flag"
	"strings"
	"testing"
	"time"
)

// TestRunnerNames checks that runners have the names that Beam gives them, in any case.
func TestRunnerNames(t *testing.T) {
	for name, want := range map[string]runnerKind{
		"prism": prismRunner, "PRISM": prismRunner, "PrismRunner": prismRunner, "prismrunner": prismRunner,
		"direct": prismRunner, "DirectRunner": prismRunner, "DIRECTRUNNER": prismRunner,
		"dataflow": dataflowRunner, "DATAFLOW": dataflowRunner, "DataflowRunner": dataflowRunner,
		"dataflowRunner": dataflowRunner,
		"flink":          unknownRunner, "universal": unknownRunner, "": unknownRunner, "runner": unknownRunner,
		"DataflowRunnerRunner": unknownRunner, "data flow": unknownRunner, "dataflow ": unknownRunner,
	} {
		o, err := ParseFlags([]string{"--runner=" + name})
		if err != nil || o.runnerKind() != want {
			t.Errorf("--runner=%s is %d, want %d; %v", name, o.runnerKind(), want, err)
		}
		if isDataflow := o.KeyGroups == dataflowKeyGroups; isDataflow != (want == dataflowRunner) {
			t.Errorf("--runner=%s has %d key groups", name, o.KeyGroups)
		}
	}
}

// TestIgnoredFlags checks that the launcher's flags are accepted in all forms of a bool, on each
// runner, and change no option.
func TestIgnoredFlags(t *testing.T) {
	for _, arg := range []string{"--streaming", "--streaming=true", "-streaming=false", "--enable_streaming_engine",
		"--enable_streaming_engine=1"} {
		for _, runner := range []string{"prism", "dataflow"} {
			if o, err := ParseFlags([]string{arg, "--runner=" + runner}); err != nil || len(o.given()) > 0 {
				t.Errorf("%s on %s: %v, given %v", arg, runner, err, o.given())
			}
		}
	}
}

// TestBeamFlagsOnDataflow checks that every flag of Beam is passed on, except those that would take
// the work from Dataflow's workers.
func TestBeamFlagsOnDataflow(t *testing.T) {
	if p := problems(t, onDataflow(t)...); p != "" {
		t.Fatalf("refused: %s", p)
	}
	values := map[string]string{"template_location": "gs://shop/job", "temp_location": "gs://shop/temp",
		"labels":                 "{\n\"a\": \"b\"\n}",
		"transform_name_mapping": `{"a":"b"}`, "element_processing_timeout": "1m"}
	refused := map[string]bool{"endpoint": true, "environment_type": true, "environment_config": true}
	given := map[string]bool{"project": true, "region": true, "staging_location": true, "worker_binary": true,
		// the last two keep what they are given for the process's life
		"resource_hints": true, "sdk_harness_container_image_override": true}
	o := DefaultOptions()
	ours, n := o.Set().Values(), 0
	flag.VisitAll(func(f *flag.Flag) {
		_, isOurs := ours[f.Name]
		if strings.HasPrefix(f.Name, "test.") || f.Name == "update" || given[f.Name] || isOurs && !refused[f.Name] {
			return
		}
		n++
		value, ok := values[f.Name]
		switch {
		case ok:
		case f.DefValue == "true" || f.DefValue == "false":
			value = "true"
		case f.DefValue == "":
			value = "some-text"
		default:
			value = "7"
		}
		t.Run(f.Name, func(t *testing.T) {
			p := problems(t, onDataflow(t, "--"+f.Name+"="+value)...)
			if refused[f.Name] != strings.Contains(p, "--"+f.Name+": has no use on Dataflow") ||
				!refused[f.Name] && p != "" {
				t.Errorf("--%s=%s: %s", f.Name, value, p)
			}
		})
	})
	if n < 40 {
		t.Errorf("only %d flags of Beam were tried", n)
	}
}

// TestSubscriptionNames checks that the runner gets the full name of a subscription.
func TestSubscriptionNames(t *testing.T) {
	for _, c := range []struct{ project, given, full, problem string }{
		{"shop", "pos", "projects/shop/subscriptions/pos", ""},
		{"", "projects/shop/subscriptions/pos", "projects/shop/subscriptions/pos", ""},
		{"shop", "projects/other/subscriptions/pos-1.a_b~c+d%20", "projects/other/subscriptions/pos-1.a_b~c+d%20", ""},
		{"example.com:shop", "pos", "projects/example.com:shop/subscriptions/pos", ""},
		{"", "pos", "", `"pos" is an id; give --project too`},
		{"shop", "projects/shop/topics/pos", "", `"projects/shop/topics/pos" is a topic; give a subscription of it`},
		{"shop", "topics/pos", "", `"topics/pos" is a topic`},
		{"shop", "subscriptions/pos", "", "is neither projects/{project}/subscriptions/{id} nor an id"},
		{"shop", "projects/shop/subscriptions/", "", "is neither"},
		{"shop", "projects//subscriptions/pos", "", "is neither"},
		{"shop", "projects/shop/subscriptions/pos/", "", "is neither"},
		{"shop", "projects/shop/subscriptions/1pos", "", "is neither"},
		{"shop", "//pubsub.googleapis.com/projects/shop/subscriptions/pos", "", "is neither"},
		{"shop", "po s", "", "is neither"},
		{"shop", "pos,ecom", "", "is neither"},
		{"shop", strings.Repeat("p", 256), "", "is neither"},
		{"projects/shop", "pos", "", `--project="projects/shop" is not the id of a project`},
	} {
		o := DefaultOptions()
		o.Project, o.POSSubscription = c.project, c.given
		p, err := o.validate(t.Context(), time.Now())
		switch {
		case c.problem == "" && (err != nil || len(p.subscriptions) != 1 || p.subscriptions[0].Name != c.full):
			t.Errorf("%q in %q: %v, %v", c.given, c.project, p.subscriptions, err)
		case c.problem != "" && (err == nil || !strings.Contains(err.Error(), "--pos_subscription: ") ||
			!strings.Contains(err.Error(), c.problem)):
			t.Errorf("%q in %q: %v does not say %q", c.given, c.project, err, c.problem)
		}
	}
}
