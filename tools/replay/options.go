package replay

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/beamlytics/streamlytics/config"
	"github.com/beamlytics/streamlytics/event"
	"github.com/beamlytics/streamlytics/sinks/redis"
)

// Options configure a replay. DefaultOptions returns the defaults, Flags declares the flags, and
// Validate completes the options.
type Options struct {
	inputGlobs string
	project    string
	posTopic   string
	ecomTopic  string
	wmsTopic   string
	redisAddrs string

	disturbance disturbance
	rate        float64
	dryRun      bool
	create      bool

	checkTimeout time.Duration
	checkExtra   bool

	// Set by Validate.
	input      []string                 // globs
	topics     map[event.Channel]string // full names
	checkRedis []string
}

// DefaultOptions returns the defaults of the flags.
func DefaultOptions() Options {
	return Options{disturbance: disturbance{seed: 1}, checkTimeout: 2 * time.Minute}
}

// Flags declares the flags that set the fields of o.
func (o *Options) Flags() []config.Group {
	d := &o.disturbance
	return []config.Group{
		{Name: "Input", Flags: []config.Flag{
			{Name: "input", Var: &o.inputGlobs,
				Usage: "`globs`, separated by commas, of files with one unified event a line, plain or .gz"},
			{Name: "limit", Var: &d.limit, Usage: "`events` to replay; 0: all"},
		}},
		{Name: "Topics", Flags: []config.Flag{
			{Name: "project", Var: &o.project, Usage: "`project` of topics given by id"},
			{Name: "pos_topic", Var: &o.posTopic, Usage: "`topic` of sales, id or full name"},
			{Name: "ecom_topic", Var: &o.ecomTopic, Usage: "`topic` of views and cart adds, id or full name"},
			{Name: "wms_topic", Var: &o.wmsTopic, Usage: "`topic` of receipts and resets, id or full name"},
			{Name: "create", Var: &o.create, Usage: "create missing topics, and subscriptions of the same ids"},
			{Name: "rate", Var: &o.rate, Usage: "`messages` a second; 0: as fast as possible"},
			{Name: "dry_run", Var: &o.dryRun, Usage: "read everything and print the summary, but publish nothing"},
		}},
		{Name: "Disturbances", Flags: []config.Flag{
			{Name: "duplicates", Var: &d.duplicates, Usage: "`share` of events that are published twice, 0 to 1"},
			{Name: "disorder", Var: &d.disorder, Usage: "shuffle within this many `events`"},
			{Name: "late", Var: &d.late, Usage: "`share` of events that are published after all others, 0 to 1"},
			{Name: "seed", Var: &d.seed, Usage: "`number` that the duplicates and the disorder follow from"},
		}},
		{Name: "Check", Flags: []config.Flag{
			{Name: "check_redis", Var: &o.redisAddrs,
				Usage: "`host:port` of Redis, several separated by commas = cluster: " +
					"wait there until the stock is right"},
			{Name: "check_timeout", Var: &o.checkTimeout,
				Usage: "how long the stock may take to become right after the last message"},
			{Name: "check_extra", Var: &o.checkExtra,
				Usage: "stock keys in Redis that the replay does not explain are wrong too"},
		}},
	}
}

// Validate completes the options. The error lists everything that is wrong.
func (o *Options) Validate(set *config.Set, args []string) error {
	o.input = list(o.inputGlobs)
	var badAddrs error
	if o.checkRedis, badAddrs = redis.ParseAddrs(o.redisAddrs); badAddrs != nil {
		badAddrs = fmt.Errorf("%s: %w", set.NameOf("check_redis"), badAddrs)
	}
	return errors.Join(config.NoArguments(args), badAddrs, o.checkInput(), o.checkPace(), o.resolveTopics(),
		o.checkChecks(set))
}

func (o *Options) checkInput() error {
	if len(o.input) == 0 {
		return errors.New("--input is needed")
	}
	return nil
}

func (o *Options) checkPace() error {
	var errs []error
	bad := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	if !(o.rate >= 0) || math.IsInf(o.rate, 0) { // the form that NaN fails
		bad("--rate=%v: must be 0 or more", o.rate)
	}
	if d := o.disturbance; d.limit < 0 {
		bad("--limit=%d: must be 0 or more", d.limit)
	}
	if share := o.disturbance.duplicates; !(share >= 0 && share <= 1) {
		bad("--duplicates=%v: must be 0 to 1", share)
	}
	if share := o.disturbance.late; !(share >= 0 && share <= 1) {
		bad("--late=%v: must be 0 to 1", share)
	}
	if o.disturbance.disorder < 0 {
		bad("--disorder=%d: must be 0 or more", o.disturbance.disorder)
	}
	return errors.Join(errs...)
}

func (o *Options) resolveTopics() error {
	var errs []error
	o.topics = map[event.Channel]string{}
	for channel, topic := range map[event.Channel]string{
		event.POS: o.posTopic, event.ECOM: o.ecomTopic, event.WMS: o.wmsTopic,
	} {
		if topic == "" {
			continue
		}
		name, err := TopicName(o.project, topic)
		if err != nil {
			errs = append(errs, fmt.Errorf("--%s_topic: %w", strings.ToLower(channel.String()), err))
		}
		o.topics[channel] = name
	}
	if len(o.topics) == 0 && !o.dryRun {
		errs = append(errs, errors.New("no topic is given: --pos_topic, --ecom_topic, --wms_topic, or --dry_run"))
	}
	return errors.Join(errs...)
}

func (o *Options) checkChecks(set *config.Set) error {
	var errs []error
	if o.checkTimeout < 0 {
		errs = append(errs, fmt.Errorf("--check_timeout=%v: must be 0 or more", o.checkTimeout))
	}
	for _, name := range []string{"check_timeout", "check_extra"} {
		if len(o.checkRedis) == 0 && set.Given(name) {
			errs = append(errs, fmt.Errorf("%s needs --check_redis", set.NameOf(name)))
		}
	}
	if o.dryRun && len(o.checkRedis) > 0 {
		errs = append(errs, errors.New("--check_redis and --dry_run exclude each other"))
	}
	return errors.Join(errs...)
}

// list splits a comma separated value and drops empty elements.
func list(value string) []string {
	var elements []string
	for _, e := range strings.Split(value, ",") {
		if e = strings.TrimSpace(e); e != "" {
			elements = append(elements, e)
		}
	}
	return elements
}
