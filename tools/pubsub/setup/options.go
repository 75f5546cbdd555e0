package setup

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"time"
)

// Where the stack of docker-compose.yml is: what is meant when neither a project nor an emulator is named.
const (
	localProject  = "local"
	localEmulator = "127.0.0.1:8085"
)

// reader is the runner that reads the subscriptions.
type reader string

const (
	prism    reader = "prism"
	dataflow reader = "dataflow"
)

// Options say what is made and where. ParseOptions makes valid ones.
type Options struct {
	project  string
	emulator string // host:port; empty: Google's service
	channels []channel

	runner      reader
	ackDeadline time.Duration
	retention   time.Duration
	attempts    int
	retryAfter  time.Duration // the shortest backoff; the longest is longestBackoff
	labels      map[string]string
	remove      bool
	adopt       bool
	dryRun      bool
	wait        time.Duration // for the first answer
}

// channel is what one channel of events has, by id.
type channel struct {
	name         string // pos, ecom or wms
	topic        string
	subscription string
}

// deadLetter is the id of the dead letter topic of a subscription, and of the subscription to that.
func (c channel) deadLetter() string { return c.subscription + "-dead-letter" }

// ParseOptions reads the command line, without the program's name. Its error lists everything that is wrong; it is flag.ErrHelp after
// the help that was asked for has been written to output.
func ParseOptions(args []string, output io.Writer) (Options, error) {
	o := Options{emulator: os.Getenv("PUBSUB_EMULATOR_HOST")}
	var prefix, labels string
	fs := flag.NewFlagSet("setup_pubsub.sh", flag.ContinueOnError)
	fs.SetOutput(io.Discard) // an error is told once, by the caller, without a screen of help
	fs.StringVar(&o.project, "project", "", "Google Cloud `project`; without it and without PUBSUB_EMULATOR_HOST: "+localProject+" at "+localEmulator+", the stack of docker-compose.yml")
	fs.StringVar(&prefix, "prefix", "", "`text` in front of every id, such as staging-")
	o.channels = []channel{{name: "pos"}, {name: "ecom"}, {name: "wms"}}
	for i := range o.channels {
		c, name := &o.channels[i], o.channels[i].name
		fs.StringVar(&c.topic, name+"_topic", name, "`id` of the topic; empty: without this channel")
		fs.StringVar(&c.subscription, name+"_subscription", "", "`id` of the subscription; as the topic's without it")
	}
	fs.StringVar((*string)(&o.runner), "runner", string(prism), "`runner` that reads: prism, or dataflow, which needs subscriptions without retry and dead letter policy")
	fs.DurationVar(&o.ackDeadline, "ack_deadline", time.Minute, "how long a message is leased, 10s to 10m")
	fs.DurationVar(&o.retention, "message_retention", 7*24*time.Hour, "how long Pub/Sub keeps what is not acknowledged, 10m to 744h")
	fs.IntVar(&o.attempts, "max_delivery_attempts", maxAttempts, "`deliveries` of a message before it goes to the dead letter topic, 5 to 100; 0: never")
	fs.DurationVar(&o.retryAfter, "retry_after", time.Second, "pause before a message is delivered again, doubled each time up to 1m; 0s: none")
	fs.StringVar(&labels, "labels", "", "`key=value` pairs, separated by commas, that everything gets beside "+ownLabel+"="+ownValue)
	fs.BoolVar(&o.adopt, "adopt", false, "take over what is there and was made by somebody else: change it, and delete it with --delete")
	fs.BoolVar(&o.remove, "delete", false, "delete everything that this has made, with what is in it, and ask nothing")
	fs.BoolVar(&o.dryRun, "dry_run", false, "change nothing, and say what would be done")
	fs.DurationVar(&o.wait, "wait", time.Minute, "how long a server may take to answer for the first time, up to 1h")
	if err := fs.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			fmt.Fprint(output, usage)
			fs.SetOutput(output)
			fs.PrintDefaults()
		}
		return Options{}, err
	}
	var errs []error
	bad := func(name, format string, args ...any) {
		errs = append(errs, fmt.Errorf("--%s: %w", name, fmt.Errorf(format, args...)))
	}
	for _, arg := range fs.Args() {
		errs = append(errs, fmt.Errorf("unexpected argument %q", arg))
	}
	o.checkPlace(bad)
	o.checkNames(prefix, bad)
	o.checkSettings(bad)
	fs.Visit(func(f *flag.Flag) {
		if o.runner == dataflow && (f.Name == "max_delivery_attempts" || f.Name == "retry_after") {
			bad(f.Name, "is not for --runner=dataflow, which does not work with it")
		}
	})
	o.labels = parseLabels(labels, bad)
	if o.remove && o.adopt {
		bad("adopt", "is not for --delete, which deletes only what this has made")
	}
	return o, errors.Join(errs...)
}

const usage = `setup_pubsub.sh makes the topics, subscriptions and dead letter topics that the pipeline needs, at PUBSUB_EMULATOR_HOST or in
Google Cloud. It can be run again: what is as it should be stays as it is. docs/PUBSUB.md says what it makes, and why.

`
