package replay

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"math"
	"strings"
	"time"

	"github.com/beamlytics/streamlytics/event"
)

// Options are what is replayed and how. ParseOptions returns valid ones.
type Options struct {
	input []string // globs

	disturbance disturbance
	rate        float64
	dryRun      bool

	topics map[event.Channel]string // full names
	create bool

	checkRedis   []string
	checkTimeout time.Duration
	checkExtra   bool
}

// ParseOptions reads the command line, without the program's name. Its error lists everything that is wrong; it is
// flag.ErrHelp after the help that was asked for has been written to output.
func ParseOptions(args []string, output io.Writer) (Options, error) {
	var o Options
	var input, project, redis string
	topics := map[event.Channel]*string{}
	flags := flag.NewFlagSet("replay", flag.ContinueOnError)
	flags.SetOutput(io.Discard) // an error is told once, by the caller, without two screens of help
	flags.StringVar(&input, "input", "", "comma separated `globs` of unified events, one a line, .gz too")
	flags.StringVar(&project, "project", "", "`project` of topics that are given by id")
	topics[event.POS] = flags.String("pos_topic", "", "`topic` of sales, id or full name")
	topics[event.ECOM] = flags.String("ecom_topic", "", "`topic` of views and cart adds, id or full name")
	topics[event.WMS] = flags.String("wms_topic", "", "`topic` of receipts and resets, id or full name")
	flags.BoolVar(&o.create, "create", false, "create missing topics, and subscriptions of the same ids")
	flags.Float64Var(&o.rate, "rate", 0, "`messages` a second; 0 = as fast as possible")
	flags.Int64Var(&o.disturbance.limit, "limit", 0, "`events` to replay; 0 = all")
	flags.Float64Var(&o.disturbance.duplicates, "duplicates", 0, "`share` of events that are sent twice, 0 to 1")
	flags.IntVar(&o.disturbance.disorder, "disorder", 0, "shuffle within this many `events`")
	flags.Float64Var(&o.disturbance.late, "late", 0, "`share` of events that are sent after all others, 0 to 1")
	flags.Uint64Var(&o.disturbance.seed, "seed", 1, "the same `number` makes the same duplicates and disorder")
	flags.BoolVar(&o.dryRun, "dry_run", false, "read everything and print the summary, but publish nothing")
	flags.StringVar(&redis, "check_redis", "", "comma separated `addresses`, more than one = cluster: wait there until the stock is right")
	flags.DurationVar(&o.checkTimeout, "check_timeout", 2*time.Minute, "how long the stock may take to become right after the last message")
	flags.BoolVar(&o.checkExtra, "check_extra", false, "stock keys in Redis that the replay does not explain are wrong too")
	if err := flags.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			flags.SetOutput(output)
			flags.Usage()
		}
		return Options{}, err
	}
	if flags.NArg() > 0 {
		return Options{}, fmt.Errorf("unexpected argument %q", flags.Arg(0))
	}
	o.input, o.checkRedis = list(input), list(redis)
	return o, errors.Join(o.checkInput(), o.checkPace(), o.resolveTopics(project, topics), o.checkChecks(flags))
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
		bad("--rate=%v: want 0 or more", o.rate)
	}
	if d := o.disturbance; d.limit < 0 {
		bad("--limit=%d: want 0 or more", d.limit)
	}
	if share := o.disturbance.duplicates; !(share >= 0 && share <= 1) {
		bad("--duplicates=%v: want 0 to 1", share)
	}
	if share := o.disturbance.late; !(share >= 0 && share <= 1) {
		bad("--late=%v: want 0 to 1", share)
	}
	if o.disturbance.disorder < 0 {
		bad("--disorder=%d: want 0 or more", o.disturbance.disorder)
	}
	return errors.Join(errs...)
}

func (o *Options) resolveTopics(project string, topics map[event.Channel]*string) error {
	var errs []error
	o.topics = map[event.Channel]string{}
	for _, channel := range event.Channels {
		if topics[channel] == nil || *topics[channel] == "" {
			continue
		}
		name, err := TopicName(project, *topics[channel])
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

func (o *Options) checkChecks(flags *flag.FlagSet) error {
	var errs []error
	if o.checkTimeout < 0 {
		errs = append(errs, fmt.Errorf("--check_timeout=%v: want 0 or more", o.checkTimeout))
	}
	flags.Visit(func(f *flag.Flag) {
		if len(o.checkRedis) == 0 && (f.Name == "check_timeout" || f.Name == "check_extra") {
			errs = append(errs, fmt.Errorf("--%s needs --check_redis", f.Name))
		}
	})
	if o.dryRun && len(o.checkRedis) > 0 {
		errs = append(errs, errors.New("--check_redis and --dry_run exclude each other"))
	}
	return errors.Join(errs...)
}

// list splits a comma separated value; empty elements vanish.
func list(value string) []string {
	var elements []string
	for _, e := range strings.Split(value, ",") {
		if e = strings.TrimSpace(e); e != "" {
			elements = append(elements, e)
		}
	}
	return elements
}
