package demo

import (
	"errors"
	"fmt"
	"math"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/beamlytics/streamlytics/config"
	"github.com/beamlytics/streamlytics/sinks/redis"
	"github.com/beamlytics/streamlytics/tools/retail"
)

// Options configure a demo. DefaultOptions returns the defaults, Flags declares the flags, and
// Validate completes the options.
type Options struct {
	Redis           string        // --redis_addrs; empty: a Redis in this process
	Origin          string        // --clock_origin, RFC 3339
	ClockSpeed      float64       // --clock_speed: seconds of the clock in a second
	EventsPerSecond float64       // --events_per_second: customer messages a second of wall time
	Shops           int           // --shops, beside the web shop
	Products        int           // --products
	Seed            uint64        // --seed
	Duration        time.Duration // --duration: wall time; 0: until ctx ends
	WarehouseDir    string        // --warehouse_dir; empty: a temporary folder
	HighDemandEnter int64         // --high_demand_enter; 0: follows from the trade
	Scenario        string        // --scenario: names separated by commas
	UIAddr          string        // --ui_addr; empty: no page

	// Set by Validate.
	RedisAddrs  []string
	ClockOrigin time.Time // what the clock shows at the start
	scenarios   []string
}

// The ranges of the options. A check of more than maxKeys stock keys takes longer than the time
// between two checks.
const (
	minSpeed, maxSpeed   = 0.1, 3600
	minEvents, maxEvents = 0.1, 20_000
	maxShops             = 1000
	maxProducts          = 20_000
	maxKeys              = 250_000
)

// DefaultOptions returns the defaults of the flags.
func DefaultOptions() Options {
	return Options{ClockSpeed: 60, EventsPerSecond: 500, Shops: 20, Products: 500, Seed: 1, UIAddr: "127.0.0.1:0"}
}

// Flags declares the flags that set the fields of o.
func (o *Options) Flags() []config.Group {
	return []config.Group{
		{Name: "Retailer", Flags: []config.Flag{
			{Name: "events_per_second", Var: &o.EventsPerSecond,
				Usage: "customer `messages` a second of wall time, on average over a day of the clock"},
			{Name: "shops", Var: &o.Shops, Usage: "`shops` beside the web shop"},
			{Name: "products", Var: &o.Products, Usage: "`products` that every shop sells"},
			{Name: "seed", Var: &o.Seed, Usage: "`number` that the retailer follows from"},
			{Name: "high_demand_enter", Var: &o.HighDemandEnter,
				Usage: "`score` of an hour from which HIGH_DEMAND is on; " +
					"0: such that the trending product and a few best sellers get it"},
			{Name: "scenario", Var: &o.Scenario,
				Usage: "`names` separated by commas of scenarios that start some seconds after the first signals: " +
					strings.Join(names(scenarios(true)), ", ")},
		}},
		{Name: "Clock", Flags: []config.Flag{
			{Name: "clock_origin", Var: &o.Origin,
				Usage: "what the clock shows at the start, RFC 3339 `time`; " +
					"without it today 10:00 UTC, when all shops are open"},
			{Name: "clock_speed", Var: &o.ClockSpeed,
				Usage: "how many seconds of the clock pass in a `second`: with 60 a day takes 24 minutes"},
			{Name: "duration", Var: &o.Duration, Usage: "how long to run; 0: until Ctrl-C"},
		}},
		{Name: "Output", Flags: []config.Flag{
			{Name: "redis_addrs", Var: &o.Redis,
				Usage: "`host:port` of a Redis without stock and velocity keys, " +
					"several separated by commas = cluster; without it one in this process"},
			{Name: "warehouse_dir", Var: &o.WarehouseDir,
				Usage: "`folder` that keeps events, signals and dead letters; without it a temporary one"},
			{Name: "ui_addr", Var: &o.UIAddr,
				Usage: "`host:port` at which to serve the page that shows the demo; without a host, on this machine " +
					"alone; port 0 is a free one; empty: there is no page"},
		}},
	}
}

// Validate completes the options. The error lists everything that is wrong.
func (o *Options) Validate(set *config.Set, args []string) error {
	errs := []error{config.NoArguments(args)}
	bad := func(name, format string, args ...any) {
		errs = append(errs, fmt.Errorf("%s: %w", set.NameOf(name), fmt.Errorf(format, args...)))
	}
	o.checkPlaces(bad)
	o.checkTime(time.Now(), bad)
	o.checkSize(bad)
	o.checkScenarios(bad)
	return errors.Join(errs...)
}

type badFunc func(name, format string, args ...any)

func (o *Options) checkPlaces(bad badFunc) {
	var err error
	if o.RedisAddrs, err = redis.ParseAddrs(o.Redis); err != nil {
		bad("redis_addrs", "%w", err)
	}
	if o.UIAddr != "" {
		if _, err := config.ListenAddr(o.UIAddr); err != nil {
			bad("ui_addr", "%w", err)
		}
	}
	if o.WarehouseDir != "" {
		if info, err := os.Stat(o.WarehouseDir); err == nil && !info.IsDir() {
			bad("warehouse_dir", "%s is not a folder", o.WarehouseDir)
		}
	}
}

func (o *Options) checkTime(now time.Time, bad badFunc) {
	o.ClockOrigin = now.UTC().Truncate(24 * time.Hour).Add(10 * time.Hour)
	if o.Origin != "" {
		var err error
		if o.ClockOrigin, err = time.Parse(time.RFC3339Nano, o.Origin); err != nil {
			bad("clock_origin", "%q is not an RFC 3339 time such as 2026-11-27T09:00:00Z", o.Origin)
		} else if y := o.ClockOrigin.UTC().Year(); y < 2001 || y > 2999 {
			bad("clock_origin", "%q is not in the years 2001 to 2999", o.Origin)
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
	// Both are checked before either is used, so that the error lists both.
	shops, products := between("shops", o.Shops, maxShops), between("products", o.Products, maxProducts)
	if keys := (o.Shops + 1) * o.Products; shops && products && keys > maxKeys {
		bad("products", "%d in %d shops and the web shop are %d stock keys; at most %d are checked",
			o.Products, o.Shops, keys, maxKeys)
	}
	if o.HighDemandEnter < 0 {
		bad("high_demand_enter", "%d is negative", o.HighDemandEnter)
	}
}

func (o *Options) checkScenarios(bad badFunc) {
	o.scenarios = nil
	if o.Scenario == "" {
		return
	}
	known := names(scenarios(len(o.RedisAddrs) == 0))
	for name := range strings.SplitSeq(o.Scenario, ",") {
		if name = strings.TrimSpace(name); !slices.Contains(known, name) {
			bad("scenario", "there is no scenario %q here; the scenarios are %s", name, strings.Join(known, ", "))
		}
		o.scenarios = append(o.scenarios, name)
	}
}

func names(scenarios []retail.Scenario) []string {
	names := make([]string, len(scenarios))
	for i, s := range scenarios {
		names[i] = s.Name
	}
	return names
}

// highDemandEnter returns the score at which HIGH_DEMAND goes on. A score grows with the trade: at
// the pipeline's default every product of a large retailer would have the badge.
func (o Options) highDemandEnter() int64 {
	if o.HighDemandEnter > 0 {
		return o.HighDemandEnter
	}
	// Points for each customer message: a best seller has 0.5 by day, the tenth 0.2, the hundredth
	// 0.03.
	const share = 0.2
	perHour := o.EventsPerSecond / o.ClockSpeed * time.Hour.Seconds()
	return max(20, int64(math.Round(share*perHour)))
}
