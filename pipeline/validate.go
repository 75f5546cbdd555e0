package pipeline

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/beamlytics/streamlytics/event"
	"github.com/beamlytics/streamlytics/internal/clock"
	"github.com/beamlytics/streamlytics/sinks/redis"
	"github.com/beamlytics/streamlytics/sources/files"
	"github.com/beamlytics/streamlytics/sources/pubsub"
)

// plan holds the input and the clock that valid options describe.
type plan struct {
	subscriptions []pubsub.Subscription
	files         []files.File
	watched       []files.Watched
	maps          event.Maps
	clock         clock.Clock
}

// bounded reports whether the input ends.
func (p plan) bounded() bool { return len(p.subscriptions)+len(p.watched) == 0 }

// reportFunc reports that the value of a flag is invalid.
type reportFunc func(flag, format string, args ...any)

// reportTo returns a function that appends to errs. An error begins with the option as the user wrote
// it.
func (o Options) reportTo(errs *[]error) reportFunc {
	return func(flag, format string, args ...any) {
		name := "--" + flag
		if o.nameOf != nil {
			name = o.nameOf(flag)
		}
		err := fmt.Errorf(format, args...)
		text := strings.ReplaceAll(err.Error(), "\n", "\n"+name+": ") // of several errors
		*errs = append(*errs, &summarised{name + ": " + text, err})
	}
}

// validate validates the options and finds the files that they name. The clock starts at now. The
// error lists everything that is wrong, each with its flag.
func (o Options) validate(ctx context.Context, now time.Time) (plan, error) {
	var p plan
	var errs []error
	bad := o.reportTo(&errs)
	switch o.runnerKind() {
	case dataflowRunner:
		o.validateDataflow(ctx, bad)
	case unknownRunner:
		bad("runner", "%q is not one of prism, direct and dataflow", o.Runner)
		fallthrough
	default:
		validatePrism(bad)
	}
	if o.Emulator != "" {
		if err := redis.CheckAddr(o.Emulator); err != nil {
			errs = append(errs, fmt.Errorf("PUBSUB_EMULATOR_HOST: %w", err))
		}
	}
	p.subscriptions = o.validateSubscriptions(bad)
	p.files, p.watched = o.validateFiles(ctx, bad)
	if o.POSSubscription+o.ECOMSubscription+o.WMSSubscription+o.EventsFiles+o.WMSFiles == "" {
		errs = append(errs, errors.New("no input: give at least one of --pos_subscription, "+
			"--ecom_subscription, --wms_subscription, --events_files and --wms_files (streamlytics demo needs none)"))
	}
	o.Redis.Validate(bad)
	o.validatePaths(bad)
	o.validateMetrics(bad)
	o.validatePage(bad)
	if _, err := o.bigQuery(); err != nil {
		bad("bigquery_dataset", "%w", err)
	}
	o.validateDecoding(bad)
	p.maps = o.readMaps(ctx, bad, true)
	o.validateState(bad)
	if o.HighDemandDwell < 0 {
		bad("high_demand_dwell", "%v is negative", o.HighDemandDwell)
	} else if err := o.velocityConfig().Validate(); err != nil {
		errs = append(errs, err)
	}
	p.clock = o.validateClock(bad, now)
	if len(errs) > 0 {
		return plan{}, errors.Join(errs...)
	}
	return p, nil
}

// The upper limits of options.
const (
	maxKeyGroups   = 1 << 15
	maxImageCache  = 1 << 20 // MB
	maxHorizon     = 10 * 366 * 24 * time.Hour
	maxSpeed       = 1_000_000
	maxOutstanding = 10_000_000
	maxHistory     = 4096 // MB
)

func (o Options) validateDecoding(bad reportFunc) {
	if err := event.CheckStoreID(o.OnlineStore); err != nil {
		bad("online_store", "%w", err)
	}
	if o.OutstandingEvents < 1 || o.OutstandingEvents > maxOutstanding {
		bad("outstanding_events", "%d is not between 1 and %d", o.OutstandingEvents, maxOutstanding)
	}
}

func (o Options) validateState(bad reportFunc) {
	if o.KeyGroups < 0 || o.KeyGroups > maxKeyGroups {
		bad("key_groups", "%d is not between 0 and %d", o.KeyGroups, maxKeyGroups)
	}
	if o.ProductGroups < 1 || o.ProductGroups > maxKeyGroups {
		bad("product_groups", "%d is not between 1 and %d", o.ProductGroups, maxKeyGroups)
	}
	if o.ImageCacheMB < 1 || o.ImageCacheMB > maxImageCache {
		bad("image_cache_mb", "%d is not between 1 and %d", o.ImageCacheMB, maxImageCache)
	}
	if o.LedgerHorizon < time.Millisecond || o.LedgerHorizon > maxHorizon {
		bad("ledger_horizon", "%v is not between 1ms and %v", o.LedgerHorizon, maxHorizon)
	}
	if o.LowStockExit < o.LowStockEnter {
		bad("low_stock_exit", "%d is less than --low_stock_enter, %d", o.LowStockExit, o.LowStockEnter)
	}
}

func (o Options) validateClock(bad reportFunc, now time.Time) clock.Clock {
	var origin time.Time
	if o.ClockOrigin != "" {
		var err error
		if origin, err = time.Parse(time.RFC3339Nano, o.ClockOrigin); err != nil {
			bad("clock_origin", "%q is not an RFC 3339 time such as 2026-11-27T09:00:00Z", o.ClockOrigin)
		} else if origin.Year() < 2000 {
			bad("clock_origin", "%q is before 2000", o.ClockOrigin)
		}
	}
	if !(o.ClockSpeed > 0 && o.ClockSpeed <= maxSpeed) {
		bad("clock_speed", "%v is not greater than 0 and at most %d", o.ClockSpeed, maxSpeed)
		return clock.Clock{}
	}
	return clock.New(origin, now, o.ClockSpeed)
}
