package setup

import (
	"cmp"
	"regexp"
	"slices"
	"strings"
	"time"
)

// Limits of Pub/Sub.
const (
	minDeadline, maxDeadline   = 10 * time.Second, 600 * time.Second
	minRetention, maxRetention = 10 * time.Minute, 31 * 24 * time.Hour
	minAttempts, maxAttempts   = 5, 100
	longestBackoff             = time.Minute
	maxWait                    = time.Hour
)

var (
	resourceID = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9._~+%-]{2,254}$`)
	projectID  = regexp.MustCompile(`^[a-z][a-z0-9.:-]*$`)
	labelKey   = regexp.MustCompile(`^[a-z][a-z0-9_-]{0,62}$`)
	labelValue = regexp.MustCompile(`^[a-z0-9_-]{0,63}$`)
)

type badFunc func(name, format string, args ...any)

func (o *Options) checkPlace(bad badFunc) {
	if o.project == "" && o.emulator == "" {
		o.project, o.emulator = localProject, localEmulator
	}
	switch {
	case o.project == "":
		bad("project", "is needed with PUBSUB_EMULATOR_HOST=%s: the one that the pipeline is given", o.emulator)
	case !projectID.MatchString(o.project):
		bad("project", "%q is no project id", o.project)
	}
	if o.wait <= 0 || o.wait > maxWait {
		bad("wait", "%v is not above 0 and at most %v", o.wait, maxWait)
	}
}

// checkNames completes the ids and removes the channels that have none.
func (o *Options) checkNames(prefix string, bad badFunc) {
	o.channels = slices.DeleteFunc(o.channels, func(c channel) bool {
		if c.topic == "" && c.subscription != "" {
			bad(c.name+"_subscription", "needs --%s_topic", c.name)
		}
		return c.topic == ""
	})
	if len(o.channels) == 0 {
		bad("pos_topic", "is empty, and so are the others: there is nothing to make")
	}
	taken := map[string]string{}  // the flags that name subscriptions, by id
	graves := map[string]string{} // those of dead letters among them
	for i := range o.channels {
		c := &o.channels[i]
		// The pipeline's options have full names too.
		c.subscription = strings.TrimPrefix(c.subscription, "projects/"+o.project+"/subscriptions/")
		c.subscription = prefix + cmp.Or(c.subscription, c.topic)
		c.topic = prefix + c.topic
		checkID(c.name+"_topic", c.topic, bad)
		name := c.name + "_subscription"
		checkID(name, c.deadLetter(), bad) // the longer of its two ids
		for _, id := range [...]string{c.subscription, c.deadLetter()} {
			if other := taken[id]; other != "" {
				bad(name, "%q is what --%s comes to", id, other)
			}
			taken[id] = name
		}
		graves[c.deadLetter()] = name
	}
	for _, c := range o.channels {
		if name := graves[c.topic]; name != "" {
			bad(c.name+"_topic", "%q is the dead letter topic that --%s comes to", c.topic, name)
		}
	}
}

func checkID(name, id string, bad badFunc) {
	if !resourceID.MatchString(id) || strings.HasPrefix(id, "goog") {
		bad(name, "%q is no id: 3 to 255 letters, digits and -_.~+%%, the first a letter, not beginning with goog", id)
	}
}

func (o *Options) checkSettings(bad badFunc) {
	switch strings.TrimSuffix(strings.ToLower(o.runner), "runner") { // as the pipeline takes it
	case "prism", "direct":
		o.runner = prism
	case "dataflow":
		o.runner = dataflow
	default:
		bad("runner", "%q is neither prism nor dataflow", o.runner)
	}
	if o.ackDeadline < minDeadline || o.ackDeadline > maxDeadline || o.ackDeadline%time.Second != 0 {
		bad("ack_deadline", "%v is not in whole seconds from %v to %v", o.ackDeadline, minDeadline, maxDeadline)
	}
	if o.retention < minRetention || o.retention > maxRetention {
		bad("message_retention", "%v is not in %v to %v", o.retention, minRetention, maxRetention)
	}
	if o.attempts != 0 && (o.attempts < minAttempts || o.attempts > maxAttempts) {
		bad("max_delivery_attempts", "%d is neither 0 nor in %d to %d", o.attempts, minAttempts, maxAttempts)
	}
	if o.retryAfter < 0 || o.retryAfter > longestBackoff {
		bad("retry_after", "%v is not in 0s to %v", o.retryAfter, longestBackoff)
	}
	if o.runner == dataflow {
		o.attempts, o.retryAfter = 0, 0
	}
}

func parseLabels(list string, bad badFunc) map[string]string {
	labels := map[string]string{}
	for pair := range strings.SplitSeq(list, ",") {
		if pair = strings.TrimSpace(pair); pair == "" {
			continue
		}
		key, value, ok := strings.Cut(pair, "=")
		switch {
		case !ok || !labelKey.MatchString(key) || !labelValue.MatchString(value):
			bad("labels", "%q is not key=value in lower-case letters, digits, - and _, up to 63, "+
				"the key beginning with a letter", pair)
		case key == ownLabel:
			bad("labels", "%q marks what this command created, and cannot be set", ownLabel)
		default:
			labels[key] = value
		}
	}
	return labels
}
