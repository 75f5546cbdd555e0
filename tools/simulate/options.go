package simulate

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/beamlytics/streamlytics/config"
	"github.com/beamlytics/streamlytics/event"
	"github.com/beamlytics/streamlytics/sinks/redis"
	"github.com/beamlytics/streamlytics/tools/replay"
	"github.com/beamlytics/streamlytics/tools/retail"
)

// Options configure a simulation. DefaultOptions returns the defaults, Flags declares the flags,
// and Validate completes the options.
type Options struct {
	project    string
	topicIDs   [3]string // of topicsInOrder
	origin     string
	redisAddrs string

	eventsPerSecond float64 // by the wall clock
	clockSpeed      float64
	seed            uint64
	shops, products int
	onlineStore     string
	duration        time.Duration // by the wall clock; 0: without end

	reportEvery  time.Duration
	stateFile    string
	truthFile    string
	checkTruth   string // a truth file to compare with; if set, nothing is simulated
	checkTimeout time.Duration

	// Set by Validate.
	topics      map[retail.Topic]string // full names
	clockOrigin time.Time               // what the clock shows at the start; zero: now
	checkRedis  []string
}

var topicsInOrder = [...]retail.Topic{retail.POS, retail.ECOM, retail.WMS}

// The ranges of the options.
const (
	minSpeed, maxSpeed   = 0.1, 3600
	minEvents, maxEvents = 0.1, 20_000
	maxShops             = 1000
	maxProducts          = 20_000
	minReport            = 100 * time.Millisecond
)

// DefaultOptions returns the defaults of the flags.
func DefaultOptions() Options {
	o := Options{eventsPerSecond: 50, clockSpeed: 1, seed: 1, shops: 20, products: 200, onlineStore: "online",
		reportEvery: 10 * time.Second, checkTimeout: 2 * time.Minute}
	for i, t := range topicsInOrder {
		o.topicIDs[i] = string(t)
	}
	return o
}

// Flags declares the flags that set the fields of o.
func (o *Options) Flags() []config.Group {
	topics := []config.Flag{{Name: "project", Var: &o.project, Usage: "Google Cloud `project` of topics given by id"}}
	for i, t := range topicsInOrder {
		topics = append(topics, config.Flag{Name: string(t) + "_topic", Var: &o.topicIDs[i],
			Usage: "`topic`, id or full name"})
	}
	return []config.Group{
		{Name: "Topics", Flags: topics},
		{Name: "Retailer", Flags: []config.Flag{
			{Name: "events_per_second", Var: &o.eventsPerSecond,
				Usage: "customer `messages` a second of wall time, on average over a day of the clock"},
			{Name: "shops", Var: &o.shops, Usage: "`shops` beside the web shop"},
			{Name: "products", Var: &o.products, Usage: "`products` that every shop sells"},
			{Name: "online_store", Var: &o.onlineStore, Usage: "`store` of the web shop; the pipeline needs the same"},
			{Name: "seed", Var: &o.seed, Usage: "`number` that the retailer follows from"},
		}},
		{Name: "Clock", Flags: []config.Flag{
			{Name: "clock_origin", Var: &o.origin,
				Usage: "what the clock shows at the start, RFC 3339 `time`; now without it; " +
					"the pipeline needs the same"},
			{Name: "clock_speed", Var: &o.clockSpeed,
				Usage: "how many seconds of the clock pass in a `second`; the pipeline needs the same"},
			{Name: "duration", Var: &o.duration, Usage: "how long to run; 0: until SIGINT or SIGTERM"},
		}},
		{Name: "Output", Flags: []config.Flag{
			{Name: "report_every", Var: &o.reportEvery, Usage: "how often to print a line"},
			{Name: "state_file", Var: &o.stateFile,
				Usage: "`file` that keeps the retailer and how far it is published: " +
					"a later start with it goes on from there"},
			{Name: "truth_file", Var: &o.truthFile,
				Usage: "`file` for what the stock should be, as JSON, written at the end"},
			{Name: "check_truth", Var: &o.checkTruth,
				Usage: "truth `file` with which --check_redis is compared; nothing is simulated then"},
			{Name: "check_redis", Var: &o.redisAddrs,
				Usage: "`host:port` of Redis, several separated by commas = cluster: " +
					"wait there at the end until the stock is right"},
			{Name: "check_timeout", Var: &o.checkTimeout, Usage: "how long the stock may take to become right"},
		}},
	}
}

// Validate completes the options. The error lists everything that is wrong.
func (o *Options) Validate(set *config.Set, args []string) error {
	errs := []error{config.NoArguments(args)}
	bad := func(name, format string, args ...any) {
		errs = append(errs, fmt.Errorf("%s: %w", set.NameOf(name), fmt.Errorf(format, args...)))
	}
	if o.checkTruth == "" {
		o.checkTopics(bad)
		o.checkWorld(bad)
	} else {
		for _, g := range o.Flags() {
			for _, f := range g.Flags {
				if set.Given(f.Name) && !strings.HasPrefix(f.Name, "check_") {
					bad(f.Name, "has no meaning with --check_truth")
				}
			}
		}
	}
	o.checkOutput(bad)
	return errors.Join(errs...)
}

type badFunc func(name, format string, args ...any)

func (o *Options) checkTopics(bad badFunc) {
	o.topics = map[retail.Topic]string{}
	for i, t := range topicsInOrder {
		name, err := replay.TopicName(o.project, o.topicIDs[i])
		if err != nil {
			bad(string(t)+"_topic", "%w", err)
		}
		o.topics[t] = name
	}
}

func (o *Options) checkWorld(bad badFunc) {
	// NaN fails in this form, too.
	if !(o.eventsPerSecond >= minEvents && o.eventsPerSecond <= maxEvents) {
		bad("events_per_second", "%v is not between %v and %v", o.eventsPerSecond, minEvents, maxEvents)
	}
	if !(o.clockSpeed >= minSpeed && o.clockSpeed <= maxSpeed) {
		bad("clock_speed", "%v is not between %v and %v", o.clockSpeed, minSpeed, maxSpeed)
	}
	if o.origin != "" {
		var err error
		if o.clockOrigin, err = time.Parse(time.RFC3339Nano, o.origin); err != nil {
			bad("clock_origin", "%q is not an RFC 3339 time such as 2026-11-27T09:00:00Z", o.origin)
		} else if y := o.clockOrigin.UTC().Year(); y < 2001 || y > 2999 {
			bad("clock_origin", "%q is not in the years 2001 to 2999", o.origin)
		}
	}
	if o.shops < 1 || o.shops > maxShops {
		bad("shops", "%d is not between 1 and %d", o.shops, maxShops)
	}
	if o.products < 1 || o.products > maxProducts {
		bad("products", "%d is not between 1 and %d", o.products, maxProducts)
	}
	if err := event.CheckStoreID(o.onlineStore); err != nil {
		bad("online_store", "%w", err)
	}
	if o.duration < 0 {
		bad("duration", "%v is negative", o.duration)
	}
	if o.reportEvery < minReport {
		bad("report_every", "%v is less than %v", o.reportEvery, minReport)
	}
}

func (o *Options) checkOutput(bad badFunc) {
	for name, path := range map[string]string{"state_file": o.stateFile, "truth_file": o.truthFile} {
		if path == "" {
			continue
		}
		if info, err := os.Stat(filepath.Dir(path)); err != nil {
			bad(name, "%w", err)
		} else if !info.IsDir() {
			bad(name, "%s is not a folder", filepath.Dir(path))
		}
	}
	var err error
	if o.checkRedis, err = redis.ParseAddrs(o.redisAddrs); err != nil {
		bad("check_redis", "%w", err)
	}
	if len(o.checkRedis) == 0 && o.checkTruth != "" {
		bad("check_truth", "needs --check_redis")
	}
	if o.checkTimeout <= 0 {
		bad("check_timeout", "%v is not more than 0", o.checkTimeout)
	}
}
