package pipeline

import (
	"log/slog"
	"time"

	"github.com/beamlytics/streamlytics/event"
	"github.com/beamlytics/streamlytics/sinks/redis"
	"github.com/beamlytics/streamlytics/transforms/keyed"
	"github.com/beamlytics/streamlytics/transforms/velocity"
)

// Options are everything a pipeline can be told. Each field is a flag of the binary, named in its comment.
type Options struct {
	Runner  string // --runner
	Project string // --project

	POSSubscription  string        // --pos_subscription
	ECOMSubscription string        // --ecom_subscription
	WMSSubscription  string        // --wms_subscription
	Emulator         string        // environment PUBSUB_EMULATOR_HOST
	EventsFiles      string        // --events_files
	WMSFiles         string        // --wms_files
	WMSFilesPoll     time.Duration // --wms_files_poll
	WMSFilesSettle   time.Duration // --wms_files_settle

	RedisAddrs          string // --redis_addrs
	RedisUsername       string // --redis_username
	RedisPasswordSecret string // --redis_password_secret
	RedisTLS            bool   // --redis_tls
	RedisCA             string // --redis_ca

	WarehouseDir   string // --warehouse_dir
	WarehouseFsync bool   // --warehouse_fsync

	BigQueryDataset  string // --bigquery_dataset
	BigQueryEmulator string // environment BIGQUERY_WRITE_EMULATOR_HOST

	OnlineStore       string // --online_store
	EcomRefunds       string // --ecom_refunds: refundsIgnore or refundsReturn
	StripLeadingZeros bool   // --strip_leading_zeros

	KeyGroups     int           // --key_groups
	ProductGroups int           // --product_groups
	Restore       string        // --restore
	ImageCacheMB  int           // --image_cache_mb
	LedgerHorizon time.Duration // --ledger_horizon
	LateEvents    string        // --late_events: lateRefuse or lateCount

	LowStockEnter int64 // --low_stock_enter
	LowStockExit  int64 // --low_stock_exit

	Velocity          velocity.Config // --dense_minutes and the like; DwellMs follows HighDemandDwell
	HighDemandDwell   time.Duration   // --high_demand_dwell
	ClockOrigin       string          // --clock_origin
	ClockSpeed        float64         // --clock_speed
	SummaryFile       string          // --summary_file
	MetricsAddr       string          // --metrics_addr
	OutstandingEvents int64           // --outstanding_events
	LogLevel          slog.Level      // --log_level; for the program: a Pipeline logs to slog's default
	ProfileDir        string          // --profile_dir
}

// settleFor is the default of --wms_files_settle.
const settleFor = 10 * time.Second

// DefaultOptions are the flags' defaults.
func DefaultOptions() Options {
	v := velocity.DefaultConfig()
	return Options{
		Runner:            "prism",
		RedisAddrs:        "127.0.0.1:6379",
		WMSFilesSettle:    settleFor,
		OnlineStore:       "online",
		EcomRefunds:       refundsIgnore,
		KeyGroups:         64,
		ProductGroups:     16,
		Restore:           "redis",
		ImageCacheMB:      1024,
		LedgerHorizon:     7 * 24 * time.Hour,
		LateEvents:        lateRefuse,
		LowStockEnter:     5,
		LowStockExit:      8,
		Velocity:          v,
		HighDemandDwell:   time.Duration(v.DwellMs) * time.Millisecond,
		ClockSpeed:        1,
		OutstandingEvents: 60_000,
		LogLevel:          slog.LevelWarn,
	}
}

func (o Options) velocityConfig() velocity.Config {
	c := o.Velocity
	c.DwellMs = o.HighDemandDwell.Milliseconds()
	return c
}

func (o Options) keyGroups() keyed.KeyGroups { return keyed.KeyGroups(o.KeyGroups) }

func (o Options) redis() redis.Config {
	return redis.Config{Addrs: splitList(o.RedisAddrs), Username: o.RedisUsername, PasswordSecret: o.RedisPasswordSecret,
		TLS: o.RedisTLS, CA: o.RedisCA}
}

// rules are the options of decoding.
func (o Options) rules() event.Rules {
	return event.Rules{OnlineStore: o.OnlineStore, ReturnRefunds: o.EcomRefunds == refundsReturn, StripLeadingZeros: o.StripLeadingZeros}
}

// The values of --ecom_refunds and --late_events.
const (
	refundsIgnore = "ignore"
	refundsReturn = "return"

	lateRefuse = "refuse"
	lateCount  = "count"
)
