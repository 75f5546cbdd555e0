package pipeline

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/beamlytics/streamlytics/event"
	"github.com/beamlytics/streamlytics/internal/clock"
	"github.com/beamlytics/streamlytics/sinks/redis"
	"github.com/beamlytics/streamlytics/sources/files"
	"github.com/beamlytics/streamlytics/sources/pubsub"
)

// plan is what validated options come to.
type plan struct {
	subscriptions []pubsub.Subscription
	files         []files.File
	watched       []files.Watched
	clock         clock.Clock
}

// bounded reports whether the input ends.
func (p plan) bounded() bool { return len(p.subscriptions)+len(p.watched) == 0 }

// resourceID is what Pub/Sub takes as the id of a subscription.
const resourceID = `[A-Za-z][A-Za-z0-9._~+%-]{0,254}`

var (
	subscriptionName = regexp.MustCompile(`^projects/[^/\s]+/subscriptions/` + resourceID + `$`)
	subscriptionID   = regexp.MustCompile(`^` + resourceID + `$`)
	topicName        = regexp.MustCompile(`^(projects/[^/]*/)?topics/`)
)

// check validates the options, as of a wall time, and finds the files they name. The error lists everything that is wrong, each
// with its flag.
func (o Options) check(ctx context.Context, now time.Time) (plan, error) {
	var p plan
	var errs []error
	bad := func(flag, format string, args ...any) {
		errs = append(errs, fmt.Errorf("--%s: %w", flag, fmt.Errorf(format, args...)))
	}
	o.checkRunner(bad)
	o.checkDataflow(ctx, bad)
	p.subscriptions = o.checkSubscriptions(bad)
	p.files, p.watched = o.checkFiles(ctx, bad)
	if o.POSSubscription+o.ECOMSubscription+o.WMSSubscription+o.EventsFiles+o.WMSFiles == "" {
		errs = append(errs, errors.New("no input: give at least one of --pos_subscription, --ecom_subscription, --wms_subscription, --events_files and --wms_files"))
	}
	o.checkRedis(bad)
	o.checkPaths(bad)
	o.checkMetrics(bad)
	o.validateBigQuery(bad)
	o.checkLogic(bad, &errs)
	p.clock = o.checkClock(bad, now)
	if len(errs) > 0 {
		return plan{}, errors.Join(errs...)
	}
	return p, nil
}

type reportFunc func(flag, format string, args ...any)

func (o Options) checkSubscriptions(bad reportFunc) []pubsub.Subscription {
	var subs []pubsub.Subscription
	for _, s := range []struct {
		flag, name string
		channel    event.Channel
	}{
		{"pos_subscription", o.POSSubscription, event.POS},
		{"ecom_subscription", o.ECOMSubscription, event.ECOM},
		{"wms_subscription", o.WMSSubscription, event.WMS},
	} {
		name := s.name
		switch {
		case name == "":
			continue
		case subscriptionName.MatchString(name):
		case topicName.MatchString(name):
			bad(s.flag, "%q is a topic; give a subscription of it: projects/{project}/subscriptions/{id}", name)
			continue
		case !subscriptionID.MatchString(name):
			bad(s.flag, "%q is neither projects/{project}/subscriptions/{id} nor an id", name)
			continue
		case o.Project == "":
			bad(s.flag, "%q is an id; give --project too, or the full name", name)
			continue
		default:
			name = "projects/" + o.Project + "/subscriptions/" + name
			if !subscriptionName.MatchString(name) {
				bad(s.flag, "%q is no subscription: --project=%q is not the id of a project", name, o.Project)
				continue
			}
		}
		if slices.ContainsFunc(subs, func(x pubsub.Subscription) bool { return x.Name == name }) {
			bad(s.flag, "%s is read as another channel already", name)
			continue
		}
		subs = append(subs, pubsub.Subscription{Name: name, Channel: s.channel})
	}
	return subs
}

const (
	minPoll   = 10 * time.Millisecond
	maxSettle = 24 * time.Hour
)

func (o Options) checkFiles(ctx context.Context, bad reportFunc) (once []files.File, watched []files.Watched) {
	match := func(flag, globs string, format event.Format) {
		found, err := files.Match(ctx, globs, format)
		if err != nil {
			bad(flag, "%w", err)
		}
		once = append(once, found...)
	}
	if o.EventsFiles != "" {
		match("events_files", o.EventsFiles, event.FormatUnified)
	}
	switch {
	case o.WMSFilesSettle < minPoll || o.WMSFilesSettle > maxSettle:
		bad("wms_files_settle", "%v is not between %v and %v", o.WMSFilesSettle, minPoll, maxSettle)
	case o.WMSFilesSettle != settleFor && o.WMSFilesPoll == 0:
		bad("wms_files_settle", "needs --wms_files_poll")
	}
	switch {
	case o.WMSFilesPoll < 0 || o.WMSFilesPoll > 0 && o.WMSFilesPoll < minPoll:
		bad("wms_files_poll", "%v is neither 0 nor at least %v", o.WMSFilesPoll, minPoll)
	case o.WMSFiles == "" && o.WMSFilesPoll > 0:
		bad("wms_files_poll", "needs --wms_files")
	case o.WMSFiles == "":
	case o.WMSFilesPoll > 0:
		if err := files.CheckGlobs(ctx, o.WMSFiles); err != nil {
			bad("wms_files", "%w", err)
		}
		watched = append(watched, files.Watched{Globs: o.WMSFiles, Format: event.FormatWMS,
			Poll: o.WMSFilesPoll, Settle: o.WMSFilesSettle})
	default:
		match("wms_files", o.WMSFiles, event.FormatWMS)
	}
	return once, watched
}

func (o Options) checkRedis(bad reportFunc) {
	addrs := splitList(o.RedisAddrs)
	if len(addrs) == 0 {
		bad("redis_addrs", "is empty")
	}
	for _, a := range addrs {
		if err := redis.CheckAddr(a); err != nil {
			bad("redis_addrs", "%w", err)
		}
	}
	if o.RedisPasswordSecret != "" {
		if err := redis.CheckSecretRef(o.RedisPasswordSecret); err != nil {
			bad("redis_password_secret", "%w", err)
		}
	}
	if o.RedisCA != "" && !o.RedisTLS {
		bad("redis_ca", "needs --redis_tls")
	}
}

func (o Options) checkPaths(bad reportFunc) {
	if o.WarehouseDir != "" {
		if info, err := os.Stat(o.WarehouseDir); err == nil && !info.IsDir() {
			bad("warehouse_dir", "%s is not a directory", o.WarehouseDir)
		} else if err := os.MkdirAll(o.WarehouseDir, 0o755); err != nil {
			bad("warehouse_dir", "%w", err)
		}
	}
	if o.ProfileDir != "" {
		if err := os.MkdirAll(o.ProfileDir, 0o755); err != nil {
			bad("profile_dir", "%w", err)
		}
	}
	if o.SummaryFile != "" {
		if info, err := os.Stat(o.SummaryFile); err == nil && info.IsDir() {
			bad("summary_file", "%s is a directory", o.SummaryFile)
		} else if info, err := os.Stat(filepath.Dir(o.SummaryFile)); err != nil {
			bad("summary_file", "%w", err)
		} else if !info.IsDir() {
			bad("summary_file", "%s is not a directory", filepath.Dir(o.SummaryFile))
		}
	}
}

func (o Options) checkLogic(bad reportFunc, errs *[]error) {
	if err := event.CheckStoreID(o.OnlineStore); err != nil {
		bad("online_store", "%w", err)
	}
	if o.KeyGroups < 0 || o.KeyGroups > maxKeyGroups {
		bad("key_groups", "%d is not between 0 and %d", o.KeyGroups, maxKeyGroups)
	}
	if o.ProductGroups < 1 || o.ProductGroups > maxKeyGroups {
		bad("product_groups", "%d is not between 1 and %d", o.ProductGroups, maxKeyGroups)
	}
	if o.Restore != "none" && o.Restore != "redis" {
		bad("restore", "%q is neither redis nor none", o.Restore)
	}
	if o.ImageCacheMB < 1 || o.ImageCacheMB > 1<<20 {
		bad("image_cache_mb", "%d is not between 1 and %d", o.ImageCacheMB, 1<<20)
	}
	if o.LedgerHorizon < time.Millisecond || o.LedgerHorizon > maxHorizon {
		bad("ledger_horizon", "%v is not between 1ms and %v", o.LedgerHorizon, maxHorizon)
	}
	if o.EcomRefunds != refundsIgnore && o.EcomRefunds != refundsReturn {
		bad("ecom_refunds", "%q is neither ignore nor return", o.EcomRefunds)
	}
	if o.LateEvents != lateRefuse && o.LateEvents != lateCount {
		bad("late_events", "%q is neither refuse nor count", o.LateEvents)
	}
	if o.LowStockExit < o.LowStockEnter {
		bad("low_stock_exit", "%d is less than --low_stock_enter, %d", o.LowStockExit, o.LowStockEnter)
	}
	if o.OutstandingEvents < 1 || o.OutstandingEvents > maxOutstanding {
		bad("outstanding_events", "%d is not between 1 and %d", o.OutstandingEvents, maxOutstanding)
	}
	if o.HighDemandDwell < 0 {
		bad("high_demand_dwell", "%v is negative", o.HighDemandDwell)
	} else if err := o.velocityConfig().Validate(); err != nil {
		*errs = append(*errs, err)
	}
}

const (
	maxKeyGroups   = 1 << 15
	maxHorizon     = 10 * 366 * 24 * time.Hour
	maxSpeed       = 1_000_000
	maxOutstanding = 10_000_000
)

func (o Options) checkClock(bad reportFunc, now time.Time) clock.Clock {
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

// splitList splits at commas. Blanks around items, and items that are empty, say nothing.
func splitList(s string) []string {
	var list []string
	for x := range strings.SplitSeq(s, ",") {
		if x = strings.Trim(x, " \t\n\f\r"); x != "" {
			list = append(list, x)
		}
	}
	return list
}
