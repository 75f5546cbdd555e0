package simulate

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/beamlytics/streamlytics/event"
	"github.com/beamlytics/streamlytics/sinks/redis"
	"github.com/beamlytics/streamlytics/tools/replay"
	"github.com/beamlytics/streamlytics/tools/retail"
)

// Options say what is played and where it goes. ParseOptions makes valid ones.
type Options struct {
	topics map[retail.Topic]string // full names

	eventsPerSecond float64   // by the wall
	clockOrigin     time.Time // what the clock shows at the start; zero: now
	clockSpeed      float64
	seed            uint64
	shops, products int
	onlineStore     string
	duration        time.Duration // by the wall; 0: without end

	reportEvery  time.Duration
	stateFile    string
	truthFile    string
	checkTruth   string // a truth file to check instead of playing
	checkRedis   []string
	checkTimeout time.Duration
}

// The ranges of the options.
const (
	minSpeed, maxSpeed   = 0.1, 3600
	minEvents, maxEvents = 0.1, 20_000
	maxShops             = 1000
	maxProducts          = 20_000
	minReport            = 100 * time.Millisecond
)

// ParseOptions reads the command line, without the program's name. The error lists everything that is wrong; it is flag.ErrHelp after
// the help that was asked for has been written to output.
func ParseOptions(args []string, output io.Writer) (Options, error) {
	var o Options
	var project, origin, redisAddrs string
	fs := flag.NewFlagSet("simulator", flag.ContinueOnError)
	fs.SetOutput(io.Discard) // an error is told once, by the caller, without a screen of help
	fs.StringVar(&project, "project", "", "Google Cloud `project` of topics given by id")
	topics := map[retail.Topic]*string{}
	for _, t := range [...]retail.Topic{retail.POS, retail.ECOM, retail.WMS} {
		topics[t] = fs.String(string(t)+"_topic", string(t), "`topic`, id or full name")
	}
	fs.Float64Var(&o.eventsPerSecond, "events_per_second", 50, "customer `messages` in a second of yours, on average over a day of the clock")
	fs.StringVar(&origin, "clock_origin", "", "what the clock shows at the start, RFC 3339 `time`; now without it. The pipeline needs the same")
	fs.Float64Var(&o.clockSpeed, "clock_speed", 1, "how many seconds of the clock pass in a `second`. The pipeline needs the same")
	fs.Uint64Var(&o.seed, "seed", 1, "another `number` plays another world")
	fs.IntVar(&o.shops, "shops", 20, "`shops` beside the web shop")
	fs.IntVar(&o.products, "products", 200, "`products` that every shop sells")
	fs.StringVar(&o.onlineStore, "online_store", "online", "`store` of the web shop; the pipeline needs the same")
	fs.DurationVar(&o.duration, "duration", 0, "how long to play; 0: until SIGINT or SIGTERM")
	fs.DurationVar(&o.reportEvery, "report_every", 10*time.Second, "how often to print a line")
	fs.StringVar(&o.stateFile, "state_file", "", "`file` that remembers which world it is and how far it is published: with it a later start goes on with the same world")
	fs.StringVar(&o.truthFile, "truth_file", "", "`file` for what the stock should be, as JSON, written at the end")
	fs.StringVar(&o.checkTruth, "check_truth", "", "a truth `file` to hold --check_redis against; nothing is played then")
	fs.StringVar(&redisAddrs, "check_redis", "", "comma separated `addresses`, more than one = cluster: wait there at the end until the stock is right")
	fs.DurationVar(&o.checkTimeout, "check_timeout", 2*time.Minute, "how long that may take")
	if err := fs.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			fmt.Fprint(output, "simulator publishes a simulated retailer to Pub/Sub, at PUBSUB_EMULATOR_HOST where that is set.\n\n")
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
	if o.checkTruth == "" {
		o.checkTopics(project, topics, bad)
		o.checkWorld(origin, bad)
	} else {
		fs.Visit(func(f *flag.Flag) {
			if !strings.HasPrefix(f.Name, "check_") {
				bad(f.Name, "has no meaning with --check_truth")
			}
		})
	}
	o.checkOutput(redisAddrs, bad)
	return o, errors.Join(errs...)
}

type badFunc func(name, format string, args ...any)

func (o *Options) checkTopics(project string, topics map[retail.Topic]*string, bad badFunc) {
	o.topics = map[retail.Topic]string{}
	for t, given := range topics {
		name, err := replay.TopicName(project, *given)
		if err != nil {
			bad(string(t)+"_topic", "%w", err)
		}
		o.topics[t] = name
	}
}

func (o *Options) checkWorld(origin string, bad badFunc) {
	// In this form NaN fails too.
	if !(o.eventsPerSecond >= minEvents && o.eventsPerSecond <= maxEvents) {
		bad("events_per_second", "%v is not between %v and %v", o.eventsPerSecond, minEvents, maxEvents)
	}
	if !(o.clockSpeed >= minSpeed && o.clockSpeed <= maxSpeed) {
		bad("clock_speed", "%v is not between %v and %v", o.clockSpeed, minSpeed, maxSpeed)
	}
	if origin != "" {
		var err error
		if o.clockOrigin, err = time.Parse(time.RFC3339Nano, origin); err != nil {
			bad("clock_origin", "%q is not an RFC 3339 time such as 2026-11-27T09:00:00Z", origin)
		} else if y := o.clockOrigin.UTC().Year(); y < 2001 || y > 2999 {
			bad("clock_origin", "%q is not in the years 2001 to 2999", origin)
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

func (o *Options) checkOutput(redisAddrs string, bad badFunc) {
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
	if o.checkRedis, err = redis.ParseAddrs(redisAddrs); err != nil {
		bad("check_redis", "%w", err)
	}
	if len(o.checkRedis) == 0 && o.checkTruth != "" {
		bad("check_truth", "needs --check_redis")
	}
	if o.checkTimeout <= 0 {
		bad("check_timeout", "%v is not more than 0", o.checkTimeout)
	}
}
