package pipeline

import (
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// ErrHelp says that help was asked for; Usage has it.
var ErrHelp = flag.ErrHelp

// ParseFlags reads the command line. Flags of Beam, such as --job_name and --experiments, are set where Beam looks for them.
// The error names everything that is wrong: unknown flags, values of the wrong type, arguments that are no flags.
func ParseFlags(args []string) (Options, error) {
	o := DefaultOptions()
	o.Emulator = os.Getenv("PUBSUB_EMULATOR_HOST")
	o.BigQueryEmulator = os.Getenv(BigQueryEmulatorVariable)
	fs := flagSet(&o)
	given := map[string]bool{}
	var errs []error
	for len(args) > 0 {
		arg := args[0]
		args = args[1:]
		if arg == "--" && len(args) == 0 {
			break
		}
		name, ok := strings.CutPrefix(arg, "-")
		if !ok || name == "" {
			errs = append(errs, fmt.Errorf("%q is no flag", arg))
			continue
		}
		name = strings.TrimPrefix(name, "-")
		name, value, hasValue := strings.Cut(name, "=")
		if name == "h" || name == "help" {
			return o, ErrHelp
		}
		targets := targetsOf(fs, name)
		if launcherFlags[name] {
			if _, err := strconv.ParseBool(value); hasValue && err != nil {
				errs = append(errs, fmt.Errorf("--%s: %q is not true or false", name, value))
			}
			continue
		}
		if len(targets) == 0 {
			errs = append(errs, fmt.Errorf("--%s: unknown flag", name))
			if !hasValue && len(args) > 0 && !strings.HasPrefix(args[0], "-") {
				args = args[1:] // most likely its value
			}
			continue
		}
		if !hasValue {
			if isBool(targets[0]) {
				value = "true"
			} else if len(args) == 0 {
				errs = append(errs, fmt.Errorf("--%s: needs a value", name))
				continue
			} else {
				value, args = args[0], args[1:]
			}
		}
		given[name] = true
		for _, f := range targets {
			if err := set(f, value); err != nil {
				errs = append(errs, fmt.Errorf("--%s: %q is not %s%s", name, value, kindOf(f), inHours(f, value)))
				break
			}
		}
	}
	o.defaultsOfRunner(given)
	return o, errors.Join(errs...)
}

// launcherFlags are flags that the launcher of Flex Templates gives and Beam's Go SDK does not have. They are
// read and have no effect: a job with unbounded input streams, and the service chooses the engine.
var launcherFlags = map[string]bool{"streaming": true, "enable_streaming_engine": true}

// given are our own flags whose value is not the default with the runner, as they are written on the command line.
func (o Options) given() map[string]string {
	d := DefaultOptions()
	d.Runner = o.Runner
	d.defaultsOfRunner(nil)
	defaults, given := flagSet(&d), map[string]string{}
	flagSet(&o).VisitAll(func(f *flag.Flag) {
		if value := f.Value.String(); value != defaults.Lookup(f.Name).Value.String() {
			given[f.Name] = value
		}
	})
	return given
}

// set sets a flag. Those of Beam are set where they stand, because Beam looks there for the ones that were given. A value of the wrong
// type leaves the flag as it is, so that no check of its range complains too.
func set(f *flag.Flag, value string) error {
	before := f.Value.String()
	var err error
	if flag.CommandLine.Lookup(f.Name) == f {
		err = flag.CommandLine.Set(f.Name, value)
	} else {
		err = f.Value.Set(value)
	}
	if err != nil {
		_ = f.Value.Set(before) // what a flag writes it can read
	}
	return err
}

// daysAndWeeks are parts of a duration that Go has no units for.
var daysAndWeeks = regexp.MustCompile(`(\d+(?:\.\d+)?)([dw])`)

// inHours is a hint for a duration in days or weeks: what to write instead.
func inHours(f *flag.Flag, value string) string {
	if _, ok := f.Value.(flag.Getter); !ok || !strings.HasPrefix(kindOf(f), "a duration") {
		return ""
	}
	hours := daysAndWeeks.ReplaceAllStringFunc(value, func(part string) string {
		n, err := strconv.ParseFloat(part[:len(part)-1], 64)
		if err != nil {
			return part
		}
		if part[len(part)-1] == 'w' {
			n *= 7
		}
		return strconv.FormatFloat(24*n, 'f', -1, 64) + "h"
	})
	d, err := time.ParseDuration(hours)
	if err != nil || hours == value {
		return ""
	}
	hours = d.String()
	if d%time.Hour == 0 {
		hours = fmt.Sprintf("%dh", d/time.Hour)
	}
	return ": there is no unit for days or weeks; write " + hours
}

// targetsOf finds a flag of ours, and the one of Beam that has the same name or no counterpart here.
func targetsOf(fs *flag.FlagSet, name string) (targets []*flag.Flag) {
	if f := fs.Lookup(name); f != nil {
		targets = append(targets, f)
	}
	if f := flag.CommandLine.Lookup(name); f != nil && !strings.HasPrefix(name, "test.") {
		targets = append(targets, f)
	}
	return targets
}

func isBool(f *flag.Flag) bool {
	b, ok := f.Value.(interface{ IsBoolFlag() bool })
	return ok && b.IsBoolFlag()
}

// kindOf says for a person what a flag takes.
func kindOf(f *flag.Flag) string {
	g, ok := f.Value.(flag.Getter)
	if !ok {
		return "a value that the flag takes"
	}
	switch g.Get().(type) {
	case bool:
		return "true or false"
	case int, int64, uint, uint64:
		return "an integer"
	case float64:
		return "a number"
	case string:
		return "a text"
	case *slog.Level:
		return "DEBUG, INFO, WARN or ERROR"
	}
	return "a duration such as 30s or 168h"
}

// Usage describes the flags.
func Usage() string {
	var b strings.Builder
	o := DefaultOptions()
	fs := flagSet(&o)
	fs.SetOutput(&b)
	fmt.Fprintln(&b, "streamlytics reads POS, ECOM and WMS events and keeps stock and velocity signals in Redis.")
	fmt.Fprintln(&b)
	fs.PrintDefaults()
	fmt.Fprintln(&b, "\nPUBSUB_EMULATOR_HOST and BIGQUERY_WRITE_EMULATOR_HOST are honoured. Beam's own flags, such as --job_name, are taken too.")
	return b.String()
}

func flagSet(o *Options) *flag.FlagSet {
	fs := flag.NewFlagSet("streamlytics", flag.ContinueOnError)
	fs.StringVar(&o.Runner, "runner", o.Runner,
		"`runner`: prism, or direct, which is another name for it; dataflow; in any case, also as DataflowRunner")
	fs.StringVar(&o.Project, "project", o.Project, "Google Cloud `project` of the job on Dataflow, and of subscriptions and the dataset given by id")
	fs.StringVar(&o.POSSubscription, "pos_subscription", o.POSSubscription, "`subscription` of till transactions: projects/P/subscriptions/S, or S in --project")
	fs.StringVar(&o.ECOMSubscription, "ecom_subscription", o.ECOMSubscription, "`subscription` of the web shop's clickstream")
	fs.StringVar(&o.WMSSubscription, "wms_subscription", o.WMSSubscription, "`subscription` of warehouse stock messages")
	fs.StringVar(&o.EventsFiles, "events_files", o.EventsFiles, "`globs`, separated by commas, of files with one unified event a line, plain or gzip, local or gs://")
	fs.StringVar(&o.WMSFiles, "wms_files", o.WMSFiles, "`globs` of warehouse files: JSON lines, or CSV with a header")
	fs.DurationVar(&o.WMSFilesPoll, "wms_files_poll", o.WMSFilesPoll, "how often to look for new and changed files of --wms_files; 0: they are read once")
	fs.DurationVar(&o.WMSFilesSettle, "wms_files_settle", o.WMSFilesSettle,
		"with --wms_files_poll: how long a file must not have changed before a last line without an end is read, or a gzip that is cut short refused")
	fs.StringVar(&o.RedisAddrs, "redis_addrs", o.RedisAddrs, "`host:port` of Redis; several, separated by commas, are a cluster")
	fs.StringVar(&o.RedisUsername, "redis_username", o.RedisUsername, "ACL `user` of Redis")
	fs.StringVar(&o.RedisPasswordSecret, "redis_password_secret", o.RedisPasswordSecret, "where the Redis password is: env:NAME, file:PATH or projects/P/secrets/S/versions/V; without it, the environment's REDIS_PASSWORD if set")
	fs.BoolVar(&o.RedisTLS, "redis_tls", o.RedisTLS, "speak TLS with Redis")
	fs.StringVar(&o.RedisCA, "redis_ca", o.RedisCA, "PEM `file` of the authority that signed Redis's certificate, or projects/P/secrets/S/versions/V that holds it; the system's authorities without it")
	fs.StringVar(&o.WarehouseDir, "warehouse_dir", o.WarehouseDir, "`folder` that keeps all events, signals, badge changes and dead letters as JSON lines; without it only dead letters are kept, in ./dead_letters")
	fs.BoolVar(&o.WarehouseFsync, "warehouse_fsync", o.WarehouseFsync, "let each write to the warehouse folder reach the disk before messages are acknowledged")
	fs.StringVar(&o.BigQueryDataset, "bigquery_dataset", o.BigQueryDataset, "BigQuery `dataset` that keeps all events, signals, badge changes and dead letters: project.dataset, or dataset in --project; its tables must be there (sql/tables.sql)")
	fs.StringVar(&o.OnlineStore, "online_store", o.OnlineStore, "`store` of web shop events that name none")
	fs.StringVar(&o.EcomRefunds, "ecom_refunds", o.EcomRefunds, "what becomes of refund events of the web shop: ignore, or return, which makes each item a return")
	fs.BoolVar(&o.StripLeadingZeros, "strip_leading_zeros", o.StripLeadingZeros, "take product ids of digits only as one, however many zeros are in front")
	fs.IntVar(&o.KeyGroups, "key_groups", o.KeyGroups, "over how many Beam keys the store:product keys are spread; 0: one Beam key each. On Dataflow the default is 256")
	fs.IntVar(&o.ProductGroups, "product_groups", o.ProductGroups, "over how many Beam keys products are spread for velocity and for stock over all stores. On Dataflow the default is 64")
	fs.StringVar(&o.Restore, "restore", o.Restore,
		"where state comes from at the start, and is mirrored to: redis or none. On Dataflow, which keeps the state, it is none")
	fs.IntVar(&o.ImageCacheMB, "image_cache_mb", o.ImageCacheMB, "memory for decoded state, `MB` per keyed stage; what does not fit is decoded again when it is needed")
	fs.DurationVar(&o.LedgerHorizon, "ledger_horizon", o.LedgerHorizon, "how far behind a key's newest event late counts and repetitions are recognised")
	fs.StringVar(&o.LateEvents, "late_events", o.LateEvents, "what becomes of a sale or receipt that would count but is older than its key's ledger, and may be a repetition: refuse, as a dead letter TOO_LATE, or count")
	fs.Int64Var(&o.LowStockEnter, "low_stock_enter", o.LowStockEnter, "`units` on hand at or below which LOW_STOCK goes on")
	fs.Int64Var(&o.LowStockExit, "low_stock_exit", o.LowStockExit, "`units` on hand above which LOW_STOCK goes off")
	fs.Int64Var(&o.Velocity.DenseMinutes, "dense_minutes", o.Velocity.DenseMinutes, "`minutes` with sales in the last hour from which the window is 1h; below half of it, 24h")
	fs.Int64Var(&o.Velocity.DenseUnits, "dense_units", o.Velocity.DenseUnits, "`units` sold in the last hour from which the window is 1h; below half of it, 24h")
	fs.Int64Var(&o.Velocity.WeightView, "weight_views", o.Velocity.WeightView, "`weight` of a view in the demand score")
	fs.Int64Var(&o.Velocity.WeightCartAdd, "weight_cart_adds", o.Velocity.WeightCartAdd, "`weight` of a cart add in the demand score")
	fs.Int64Var(&o.Velocity.WeightUnit, "weight_units", o.Velocity.WeightUnit, "`weight` of a unit sold in the demand score")
	fs.Int64Var(&o.Velocity.HighDemandEnter, "high_demand_enter", o.Velocity.HighDemandEnter, "`score` of the last hour from which HIGH_DEMAND is on; below half of it, off")
	fs.DurationVar(&o.HighDemandDwell, "high_demand_dwell", o.HighDemandDwell, "shortest time between two changes of HIGH_DEMAND")
	fs.StringVar(&o.ClockOrigin, "clock_origin", o.ClockOrigin, "what the clock shows at the start, RFC 3339 `time`; now without it")
	fs.Float64Var(&o.ClockSpeed, "clock_speed", o.ClockSpeed, "how many seconds of the clock pass in a second")
	fs.StringVar(&o.SummaryFile, "summary_file", o.SummaryFile, "`file` for the counts as JSON, written every 10 seconds and at the end")
	fs.StringVar(&o.MetricsAddr, "metrics_addr", o.MetricsAddr, "`host:port` at which to serve /metrics for Prometheus, /healthz and /readyz; without a host, on all addresses; port 0 is a free one; without the flag nothing is served")
	fs.Int64Var(&o.OutstandingEvents, "outstanding_events", o.OutstandingEvents, "`messages` on their way at which sources wait")
	fs.TextVar(&o.LogLevel, "log_level", o.LogLevel, "what is logged: `level` DEBUG, INFO, WARN or ERROR; DEBUG has the runner print what passes through it, messages included")
	fs.StringVar(&o.ProfileDir, "profile_dir", o.ProfileDir, "`folder` for profiles of the whole run, written at its end: cpu, allocs, mutex and block, for go tool pprof; they cost a few percent")
	return fs
}
