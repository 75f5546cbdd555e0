package setup

import (
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/beamlytics/streamlytics/config"
)

// The project and the address of docker-compose.yml, which are the default if neither a project nor
// an emulator is named.
const (
	localProject  = "local"
	localEmulator = "127.0.0.1:8085"
)

// The values of --runner, the runner that reads the subscriptions.
const (
	prism    = "prism"
	dataflow = "dataflow"
)

// Options configure the set-up. DefaultOptions returns the defaults, Flags declares the flags, and
// Validate completes the options.
type Options struct {
	project     string
	emulator    string // host:port; empty: Google's service
	prefix      string
	channels    []channel
	runner      string
	ackDeadline time.Duration
	retention   time.Duration
	attempts    int
	retryAfter  time.Duration // the shortest backoff; the longest is longestBackoff
	labelList   string
	remove      bool
	adopt       bool
	dryRun      bool
	wait        time.Duration // for the first answer

	labels map[string]string // set by Validate
}

// channel is the topic and the subscription of a channel of events, by id.
type channel struct {
	name         string // pos, ecom or wms
	topic        string
	subscription string
}

// deadLetter returns the id of the dead letter topic of a subscription, and of the subscription to
// it.
func (c channel) deadLetter() string { return c.subscription + "-dead-letter" }

// DefaultOptions returns the defaults of the flags, and the emulator that the environment names.
func DefaultOptions() Options {
	return Options{emulator: os.Getenv("PUBSUB_EMULATOR_HOST"), runner: prism, ackDeadline: time.Minute,
		retention: 7 * 24 * time.Hour, attempts: maxAttempts, retryAfter: time.Second, wait: time.Minute,
		channels: []channel{{name: "pos", topic: "pos"}, {name: "ecom", topic: "ecom"}, {name: "wms", topic: "wms"}}}
}

// Flags declares the flags that set the fields of o.
func (o *Options) Flags() []config.Group {
	topics := []config.Flag{
		{Name: "project", Var: &o.project,
			Usage: "Google Cloud `project`; without it and without PUBSUB_EMULATOR_HOST: " +
				localProject + " at " + localEmulator + ", the stack of docker-compose.yml"},
		{Name: "prefix", Var: &o.prefix, Usage: "`text` in front of every id, such as staging-"},
	}
	for i := range o.channels {
		c := &o.channels[i]
		topics = append(topics,
			config.Flag{Name: c.name + "_topic", Var: &c.topic,
				Usage: "`id` of the topic; empty: without this channel"},
			config.Flag{Name: c.name + "_subscription", Var: &c.subscription,
				Usage: "`id` of the subscription; as the topic's without it"})
	}
	return []config.Group{
		{Name: "Topics and subscriptions", Flags: topics},
		{Name: "Settings", Flags: []config.Flag{
			{Name: "runner", Var: &o.runner,
				Usage: "`runner` that reads, prism or dataflow, as the pipeline has it; " +
					"dataflow needs subscriptions without retry and dead letter policy"},
			{Name: "ack_deadline", Var: &o.ackDeadline, Usage: "how long a message is leased, 10s to 10m"},
			{Name: "message_retention", Var: &o.retention,
				Usage: "how long Pub/Sub keeps messages that are not acknowledged, 10m to 744h"},
			{Name: "max_delivery_attempts", Var: &o.attempts,
				Usage: "`deliveries` of a message before it goes to the dead letter topic, 5 to 100; 0: never"},
			{Name: "retry_after", Var: &o.retryAfter,
				Usage: "pause before a message is delivered again, doubled each time up to 1m; 0s: none"},
			{Name: "labels", Var: &o.labelList,
				Usage: "`key=value` pairs, separated by commas, that everything gets beside " + ownLabel +
					"=" + ownValue},
		}},
		{Name: "Operation", Flags: []config.Flag{
			{Name: "adopt", Var: &o.adopt,
				Usage: "change also topics and subscriptions that this command did not create"},
			{Name: "delete", Var: &o.remove,
				Usage: "delete all topics and subscriptions that this command created, with their messages"},
			{Name: "dry_run", Var: &o.dryRun, Usage: "change nothing, and print what would be done"},
			{Name: "wait", Var: &o.wait, Usage: "how long a server may take to answer for the first time, up to 1h"},
		}},
	}
}

// Validate completes the options. The error lists everything that is wrong.
func (o *Options) Validate(set *config.Set, args []string) error {
	errs := []error{config.NoArguments(args)}
	bad := func(name, format string, args ...any) {
		errs = append(errs, fmt.Errorf("%s: %w", set.NameOf(name), fmt.Errorf(format, args...)))
	}
	o.checkPlace(bad)
	o.checkNames(o.prefix, bad)
	o.checkSettings(bad)
	for _, name := range []string{"max_delivery_attempts", "retry_after"} {
		if o.runner == dataflow && set.Given(name) {
			bad(name, "is not for --runner=dataflow, which does not work with it")
		}
	}
	o.labels = parseLabels(o.labelList, bad)
	if o.remove && o.adopt {
		bad("adopt", "is not for --delete, which deletes only what this command created")
	}
	return errors.Join(errs...)
}
