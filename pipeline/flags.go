package pipeline

import (
	"flag"
	"fmt"
	"strings"
)

// Flag describes a flag, for what is generated from the flags, such as the metadata of the Flex
// Template.
type Flag struct {
	Name    string
	Usage   string // in plain words, with the name of the value in backquotes
	Default string // as it is written on the command line; empty without a default
}

// Flags returns the flags of the program by name, with their defaults on a runner. Flags of Beam
// are not among them.
func Flags(runner string) ([]Flag, error) {
	o, err := ParseFlags([]string{"--runner=" + runner})
	if err != nil {
		return nil, err
	}
	var flags []Flag
	flagSet(&o).VisitAll(func(f *flag.Flag) {
		flags = append(flags, Flag{Name: f.Name, Usage: f.Usage, Default: f.DefValue})
	})
	return flags, nil
}

// BeamFlags returns flags of Beam by name. A default of 0 is left out, because there it means that
// the flag is not set.
func BeamFlags(names ...string) ([]Flag, error) {
	var flags []Flag
	for _, name := range names {
		f := flag.CommandLine.Lookup(name)
		if f == nil {
			return nil, fmt.Errorf("Beam has no flag --%s", name)
		}
		d := f.DefValue
		if d == "0" {
			d = ""
		}
		flags = append(flags, Flag{Name: name, Usage: f.Usage, Default: d})
	}
	return flags, nil
}

// Usage returns the text of --help.
func Usage() string {
	var b strings.Builder
	o := DefaultOptions()
	fs := flagSet(&o)
	fs.SetOutput(&b)
	fmt.Fprintln(&b, "streamlytics reads POS, ECOM and WMS events and keeps stock and velocity signals in Redis.")
	fmt.Fprintln(&b)
	fs.PrintDefaults()
	fmt.Fprintln(&b, "\nPUBSUB_EMULATOR_HOST and BIGQUERY_WRITE_EMULATOR_HOST are honoured. "+
		"Beam's own flags, such as --job_name, are taken too.")
	return b.String()
}

// given returns the flags whose value is not the default on the runner, as they are written on the
// command line.
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

// flagSet returns the flags of the program. They set the fields of o, whose values are their
// defaults.
func flagSet(o *Options) *flag.FlagSet {
	fs := flag.NewFlagSet("streamlytics", flag.ContinueOnError)
	o.runnerFlags(fs)
	o.inputFlags(fs)
	o.redisFlags(fs)
	o.warehouseFlags(fs)
	o.stateFlags(fs)
	o.stockFlags(fs)
	o.velocityFlags(fs)
	o.clockFlags(fs)
	o.reportFlags(fs)
	return fs
}

func (o *Options) runnerFlags(fs *flag.FlagSet) {
	fs.StringVar(&o.Runner, "runner", o.Runner,
		"`runner`: prism, or direct, which is another name for it; dataflow; in any case, also as DataflowRunner")
	fs.StringVar(&o.Project, "project", o.Project,
		"Google Cloud `project` of the job on Dataflow, and of subscriptions and the dataset given by id")
}

func (o *Options) inputFlags(fs *flag.FlagSet) {
	fs.StringVar(&o.POSSubscription, "pos_subscription", o.POSSubscription,
		"`subscription` of till transactions: projects/P/subscriptions/S, or S in --project")
	fs.StringVar(&o.ECOMSubscription, "ecom_subscription", o.ECOMSubscription,
		"`subscription` of the web shop's clickstream")
	fs.StringVar(&o.WMSSubscription, "wms_subscription", o.WMSSubscription,
		"`subscription` of warehouse stock messages")
	fs.StringVar(&o.EventsFiles, "events_files", o.EventsFiles,
		"`globs`, separated by commas, of files with one unified event a line, plain or gzip, local or gs://")
	fs.StringVar(&o.WMSFiles, "wms_files", o.WMSFiles,
		"`globs` of warehouse files: JSON lines, or CSV with a header")
	fs.DurationVar(&o.WMSFilesPoll, "wms_files_poll", o.WMSFilesPoll,
		"how often to look for new and changed files of --wms_files; 0: they are read once")
	fs.DurationVar(&o.WMSFilesSettle, "wms_files_settle", o.WMSFilesSettle,
		"with --wms_files_poll: how long a file must not have changed "+
			"before a last line without an end is read, or a gzip that is cut short refused")
	fs.StringVar(&o.OnlineStore, "online_store", o.OnlineStore,
		"`store` of web shop events that name none")
	fs.StringVar(&o.EcomRefunds, "ecom_refunds", o.EcomRefunds,
		"refund events of the web shop: ignore, or return, which makes each item a return")
	fs.BoolVar(&o.StripLeadingZeros, "strip_leading_zeros", o.StripLeadingZeros,
		"take product ids of digits only as one, however many zeros are in front")
	fs.Int64Var(&o.OutstandingEvents, "outstanding_events", o.OutstandingEvents,
		"outstanding `messages` at which sources wait")
}

func (o *Options) redisFlags(fs *flag.FlagSet) {
	fs.StringVar(&o.RedisAddrs, "redis_addrs", o.RedisAddrs,
		"`host:port` of Redis; several, separated by commas, are a cluster")
	fs.StringVar(&o.RedisUsername, "redis_username", o.RedisUsername, "ACL `user` of Redis")
	fs.StringVar(&o.RedisPasswordSecret, "redis_password_secret", o.RedisPasswordSecret,
		"where the Redis password is: env:NAME, file:PATH or projects/P/secrets/S/versions/V; "+
			"without it, the environment's REDIS_PASSWORD if set")
	fs.BoolVar(&o.RedisTLS, "redis_tls", o.RedisTLS, "connect to Redis with TLS")
	fs.StringVar(&o.RedisCA, "redis_ca", o.RedisCA,
		"PEM `file` of the authority that signed Redis's certificate, "+
			"or projects/P/secrets/S/versions/V that holds it; the system's authorities without it")
}

func (o *Options) warehouseFlags(fs *flag.FlagSet) {
	fs.StringVar(&o.WarehouseDir, "warehouse_dir", o.WarehouseDir,
		"`folder` that keeps all events, signals, badge changes and dead letters as JSON lines; "+
			"without it only dead letters are kept, in ./dead_letters")
	fs.BoolVar(&o.WarehouseFsync, "warehouse_fsync", o.WarehouseFsync,
		"let each write to the warehouse folder reach the disk before messages are acknowledged")
	fs.StringVar(&o.BigQueryDataset, "bigquery_dataset", o.BigQueryDataset,
		"BigQuery `dataset` that keeps all events, signals, badge changes and dead letters: "+
			"project.dataset, or dataset in --project; its tables must be there (sql/tables.sql)")
}

func (o *Options) stateFlags(fs *flag.FlagSet) {
	fs.IntVar(&o.KeyGroups, "key_groups", o.KeyGroups,
		"over how many Beam keys the store:product keys are spread; 0: one Beam key each. "+
			"On Dataflow the default is 256")
	fs.IntVar(&o.ProductGroups, "product_groups", o.ProductGroups,
		"over how many Beam keys products are spread for velocity and for stock over all stores. "+
			"On Dataflow the default is 64")
	fs.StringVar(&o.Restore, "restore", o.Restore,
		"where state comes from at the start, and is mirrored to: redis or none. "+
			"On Dataflow, which keeps the state, it is none")
	fs.IntVar(&o.ImageCacheMB, "image_cache_mb", o.ImageCacheMB,
		"memory for decoded state, `MB` per keyed stage; what does not fit is decoded again when it is needed")
	fs.DurationVar(&o.LedgerHorizon, "ledger_horizon", o.LedgerHorizon,
		"how far behind a key's newest event late counts and repetitions are recognised")
	fs.StringVar(&o.LateEvents, "late_events", o.LateEvents,
		"a sale or receipt that would count but is older than its key's ledger, and may be a repetition: "+
			"refuse, as a dead letter TOO_LATE, or count")
}

func (o *Options) stockFlags(fs *flag.FlagSet) {
	fs.Int64Var(&o.LowStockEnter, "low_stock_enter", o.LowStockEnter,
		"`units` on hand at or below which LOW_STOCK goes on")
	fs.Int64Var(&o.LowStockExit, "low_stock_exit", o.LowStockExit,
		"`units` on hand above which LOW_STOCK goes off")
}

func (o *Options) velocityFlags(fs *flag.FlagSet) {
	v := &o.Velocity
	fs.Int64Var(&v.DenseMinutes, "dense_minutes", v.DenseMinutes,
		"`minutes` with sales in the last hour from which the window is 1h; below half of it, 24h")
	fs.Int64Var(&v.DenseUnits, "dense_units", v.DenseUnits,
		"`units` sold in the last hour from which the window is 1h; below half of it, 24h")
	fs.Int64Var(&v.WeightView, "weight_views", v.WeightView, "`weight` of a view in the demand score")
	fs.Int64Var(&v.WeightCartAdd, "weight_cart_adds", v.WeightCartAdd, "`weight` of a cart add in the demand score")
	fs.Int64Var(&v.WeightUnit, "weight_units", v.WeightUnit, "`weight` of a unit sold in the demand score")
	fs.Int64Var(&v.HighDemandEnter, "high_demand_enter", v.HighDemandEnter,
		"`score` of the last hour from which HIGH_DEMAND is on; below half of it, off")
	fs.DurationVar(&o.HighDemandDwell, "high_demand_dwell", o.HighDemandDwell,
		"shortest time between two changes of HIGH_DEMAND")
}

func (o *Options) clockFlags(fs *flag.FlagSet) {
	fs.StringVar(&o.ClockOrigin, "clock_origin", o.ClockOrigin,
		"what the clock shows at the start, RFC 3339 `time`; now without it")
	fs.Float64Var(&o.ClockSpeed, "clock_speed", o.ClockSpeed, "how many seconds of the clock pass in a second")
}

func (o *Options) reportFlags(fs *flag.FlagSet) {
	fs.StringVar(&o.SummaryFile, "summary_file", o.SummaryFile,
		"`file` for the counts as JSON, written every 10 seconds and at the end")
	fs.StringVar(&o.MetricsAddr, "metrics_addr", o.MetricsAddr,
		"`host:port` at which to serve /metrics for Prometheus, /healthz and /readyz; "+
			"without a host, on all addresses; port 0 is a free one; without the flag nothing is served")
	fs.TextVar(&o.LogLevel, "log_level", o.LogLevel,
		"what is logged: `level` DEBUG, INFO, WARN or ERROR; "+
			"DEBUG has the runner print what passes through it, messages included")
	fs.StringVar(&o.ProfileDir, "profile_dir", o.ProfileDir,
		"`folder` for profiles of the whole run, written at its end: cpu, allocs, mutex and block, for go tool pprof; "+
			"they cost a few percent")
}
