package demo

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"math"
	"os"
	"time"

	"github.com/beamlytics/streamlytics/sinks/redis"
)

// Options say what is played and where. ParseOptions makes valid ones.
type Options struct {
	RedisAddrs      []string      // --redis_addrs; none: a Redis in this process
	ClockOrigin     time.Time     // --clock_origin: what the clock shows at the start
	ClockSpeed      float64       // --clock_speed: seconds of the clock in a second
	EventsPerSecond float64       // --events_per_second: customer messages in a second of the wall, on average over a day of the clock
	Shops           int           // --shops, beside the web shop
	Products        int           // --products
	Seed            uint64        // --seed
	Duration        time.Duration // --duration: wall time; 0: until told to stop
	WarehouseDir    string        // --warehouse_dir; empty: a temporary folder
	HighDemandEnter int64         // --high_demand_enter; 0: follows from the trade
}

// The ranges of the options. More stock keys than maxKeys make the check against the truth take longer than the time between two.
const (
	minSpeed, maxSpeed   = 0.1, 3600
	minEvents, maxEvents = 0.1, 20_000
	maxShops             = 1000
	maxProducts          = 20_000
	maxKeys              = 250_000
)

// ParseOptions reads the command line, without the program's name; now decides the default day. The error lists everything
// that is wrong; it is flag.ErrHelp after the help that was asked for has been written to output.
func ParseOptions(args []string, output io.Writer, now time.Time) (Options, error) {
	var o Options
	var redis, origin string
	fs := flag.NewFlagSet("demo", flag.ContinueOnError)
	fs.SetOutput(io.Discard) // an error is told once, by the caller, without a screen of help
	fs.StringVar(&redis, "redis_addrs", "", "`host:port` of a Redis without stock and velocity keys, several separated by commas = cluster (default: one in this process)")
	fs.StringVar(&origin, "clock_origin", "", "what the clock shows at the start, RFC 3339 `time` (default: today 10:00 UTC, when all shops are open)")
	fs.Float64Var(&o.ClockSpeed, "clock_speed", 60, "how many seconds of the clock pass in a `second`: with 60 a day takes 24 minutes")
	fs.Float64Var(&o.EventsPerSecond, "events_per_second", 500, "customer `messages` in a second of yours, on average over a day of the clock")
	fs.IntVar(&o.Shops, "shops", 20, "`shops` beside the web shop")
	fs.IntVar(&o.Products, "products", 500, "`products` that every shop sells")
	fs.Uint64Var(&o.Seed, "seed", 1, "another `number` plays another world")
	fs.DurationVar(&o.Duration, "duration", 0, "how long to play; 0 = until Ctrl-C")
	fs.StringVar(&o.WarehouseDir, "warehouse_dir", "", "`folder` that keeps events, signals and dead letters (default: a temporary one)")
	fs.Int64Var(&o.HighDemandEnter, "high_demand_enter", 0, "`score` of an hour from which HIGH_DEMAND is on; 0 = such that the trending product and a few best sellers get it")

	errs := parseAll(fs, args)
	if errors.Is(errors.Join(errs...), flag.ErrHelp) {
		fmt.Fprintln(output, "demo plays a retailer, runs the pipeline on it and checks every stock key against the truth.")
		fmt.Fprintln(output, "No account, no server, no Docker. Ctrl-C ends it.")
		fmt.Fprintln(output)
		fs.SetOutput(output)
		fs.PrintDefaults()
		return Options{}, flag.ErrHelp
	}
	bad := func(name, format string, args ...any) {
		errs = append(errs, fmt.Errorf("--%s: %w", name, fmt.Errorf(format, args...)))
	}
	o.checkPlaces(redis, bad)
	o.checkTime(origin, now, bad)
	o.checkSize(bad)
	return o, errors.Join(errs...)
}

// parseAll parses on behind what is wrong, so that one message can say all of it.
func parseAll(fs *flag.FlagSet, args []string) (errs []error) {
	fs.Usage = func() {}
	for {
		err := fs.Parse(args)
		args = fs.Args()
		switch {
		case errors.Is(err, flag.ErrHelp):
			return []error{err}
		case err != nil:
			errs = append(errs, err)
		case len(args) > 0:
			errs = append(errs, fmt.Errorf("unexpected argument %q", args[0]))
			args = args[1:]
		default:
			return errs
		}
	}
}

type badFunc func(name, format string, args ...any)

func (o *Options) checkPlaces(redisAddrs string, bad badFunc) {
	var err error
	if o.RedisAddrs, err = redis.ParseAddrs(redisAddrs); err != nil {
		bad("redis_addrs", "%w", err)
	}
	if o.WarehouseDir != "" {
		if info, err := os.Stat(o.WarehouseDir); err == nil && !info.IsDir() {
			bad("warehouse_dir", "%s is not a folder", o.WarehouseDir)
		}
	}
}

func (o *Options) checkTime(origin string, now time.Time, bad badFunc) {
	o.ClockOrigin = now.UTC().Truncate(24 * time.Hour).Add(10 * time.Hour)
	if origin != "" {
		var err error
		if o.ClockOrigin, err = time.Parse(time.RFC3339Nano, origin); err != nil {
			bad("clock_origin", "%q is not an RFC 3339 time such as 2026-11-27T09:00:00Z", origin)
		} else if y := o.ClockOrigin.UTC().Year(); y < 2001 || y > 2999 {
			bad("clock_origin", "%q is not in the years 2001 to 2999", origin)
		}
	}
	if !(o.ClockSpeed >= minSpeed && o.ClockSpeed <= maxSpeed) { // the form that NaN fails
		bad("clock_speed", "%v is not between %v and %v", o.ClockSpeed, minSpeed, maxSpeed)
	}
	if o.Duration < 0 {
		bad("duration", "%v is negative", o.Duration)
	}
}

func (o *Options) checkSize(bad badFunc) {
	if !(o.EventsPerSecond >= minEvents && o.EventsPerSecond <= maxEvents) {
		bad("events_per_second", "%v is not between %v and %v", o.EventsPerSecond, minEvents, maxEvents)
	}
	between := func(name string, n, most int) bool {
		if n < 1 || n > most {
			bad(name, "%d is not between 1 and %d", n, most)
			return false
		}
		return true
	}
	// Both are looked at, so that both can be named.
	shops, products := between("shops", o.Shops, maxShops), between("products", o.Products, maxProducts)
	if keys := (o.Shops + 1) * o.Products; shops && products && keys > maxKeys {
		bad("products", "%d in %d shops and the web shop are %d stock keys; at most %d are checked", o.Products, o.Shops, keys, maxKeys)
	}
	if o.HighDemandEnter < 0 {
		bad("high_demand_enter", "%d is negative", o.HighDemandEnter)
	}
}

// highDemandEnter is the score at which HIGH_DEMAND goes on. A score grows with the trade, and at the pipeline's default every
// product of a large retailer would have the badge.
func (o Options) highDemandEnter() int64 {
	if o.HighDemandEnter > 0 {
		return o.HighDemandEnter
	}
	// In points for each customer message: a best seller comes to 0.5 by day, the tenth to 0.2, the hundredth to 0.03.
	const share = 0.2
	perHour := o.EventsPerSecond / o.ClockSpeed * time.Hour.Seconds()
	return max(20, int64(math.Round(share*perHour)))
}
