package pipeline

import (
	"errors"
	"flag"
	"fmt"
	"os"

	"github.com/beamlytics/streamlytics/config"
)

// Set returns the flags that set the fields of o, whose values are the defaults, with more groups
// of a command, and the flags of Beam, such as --job_name and --experiments, which Beam reads in
// flag.CommandLine.
func (o *Options) Set(more ...config.Group) *config.Set {
	set := config.NewSet(append(more, o.flags()...)...)
	// The launcher of Flex Templates gives flags that Beam's Go SDK lacks. They have no effect: a job
	// with unbounded input streams, and the service chooses the engine.
	set.AddLibrary(flag.CommandLine, "streaming", "enable_streaming_engine")
	return set
}

// Complete sets what follows from the flags that set, which is o.Set(), has parsed: the defaults of
// the runner, and the emulators that the environment names. The error lists args, which are the
// arguments that are no flags.
func (o *Options) Complete(set *config.Set, args []string) error {
	var errs []error
	for _, arg := range args {
		errs = append(errs, fmt.Errorf("%q is no flag", arg))
	}
	o.Emulator = os.Getenv("PUBSUB_EMULATOR_HOST")
	o.BigQueryEmulator = os.Getenv("BIGQUERY_WRITE_EMULATOR_HOST")
	o.nameOf = set.NameOf
	o.defaultsOfRunner(set.Given)
	return errors.Join(errs...)
}

// ParseFlags returns the options on a command line, with those of the environment. The error lists
// everything that is wrong.
func ParseFlags(args []string) (Options, error) {
	o := DefaultOptions()
	set := o.Set()
	rest, err := set.Parse(args, os.Environ())
	return o, errors.Join(err, o.Complete(set, rest))
}

// given returns the flags whose value is not the default on the runner, as they are written on the
// command line.
func (o Options) given() map[string]string {
	d := DefaultOptions()
	d.Runner = o.Runner
	d.defaultsOfRunner(func(string) bool { return false })
	defaults, given := d.Set().Values(), map[string]string{}
	for name, value := range o.Set().Values() {
		if value != defaults[name] {
			given[name] = value
		}
	}
	return given
}

// flags declares the options of the pipeline. Beside their use as flags, they are the options table
// of docs/OPERATIONS.md and the parameters of the Flex Template.
func (o *Options) flags() []config.Group {
	return []config.Group{
		{Name: "Runner", Flags: []config.Flag{
			{Name: "runner", Var: &o.Runner,
				Usage: "`runner`: prism, or direct, which is another name for it; dataflow; " +
					"in any case, also as DataflowRunner"},
			{Name: "project", Var: &o.Project,
				Usage: "Google Cloud `project` of the job on Dataflow, " +
					"and of subscriptions and the dataset given by id"},
		}},
		{Name: "Input", Flags: []config.Flag{
			{Name: "pos_subscription", Var: &o.POSSubscription,
				Usage: "`subscription` of till transactions: projects/P/subscriptions/S, or S in --project"},
			{Name: "ecom_subscription", Var: &o.ECOMSubscription,
				Usage: "`subscription` of the web shop's clickstream"},
			{Name: "wms_subscription", Var: &o.WMSSubscription,
				Usage: "`subscription` of warehouse stock messages"},
			{Name: "events_files", Var: &o.EventsFiles,
				Usage: "`globs`, separated by commas, of files with one unified event a line, " +
					"plain or gzip, local or gs://"},
			{Name: "wms_files", Var: &o.WMSFiles,
				Usage: "`globs` of warehouse files: JSON lines, or CSV with a header"},
			{Name: "wms_files_poll", Var: &o.WMSFilesPoll,
				Usage: "how often to look for new and changed files of --wms_files; 0: they are read once"},
			{Name: "wms_files_settle", Var: &o.WMSFilesSettle,
				Usage: "with --wms_files_poll: how long a file must not have changed " +
					"before a last line without an end is read, or a gzip that is cut short refused"},
			{Name: "online_store", Var: &o.OnlineStore,
				Usage: "`store` of web shop events that name none"},
			{Name: "ecom_refunds", Var: &o.EcomRefunds, Choices: []string{refundsIgnore, refundsReturn},
				Usage: "refund events of the web shop; return makes each item a return"},
			{Name: "pos_map", Var: &o.POSMap,
				Usage: "`program` in jq, or the name of a file that holds one (*.jq, local or gs://), " +
					"that turns each message of --pos_subscription into unified events"},
			{Name: "ecom_map", Var: &o.ECOMMap, Usage: "`program` in jq for --ecom_subscription, as --pos_map"},
			{Name: "wms_map", Var: &o.WMSMap, Usage: "`program` in jq for --wms_subscription, as --pos_map"},
			{Name: "strip_leading_zeros", Var: &o.StripLeadingZeros,
				Usage: "take product ids of digits only as one, however many zeros are in front"},
			{Name: "outstanding_events", Var: &o.OutstandingEvents,
				Usage: "outstanding `messages` at which sources wait; they wait at 256 MiB of them too"},
		}},
		o.Redis.Flags(),
		{Name: "Warehouse", Flags: []config.Flag{
			{Name: "warehouse_dir", Var: &o.WarehouseDir,
				Usage: "`folder` that keeps all events, signals, badge changes and dead letters as JSON lines; " +
					"without it only dead letters are kept, in ./dead_letters"},
			{Name: "warehouse_fsync", Var: &o.WarehouseFsync,
				Usage: "let each write to the warehouse folder reach the disk before messages are acknowledged"},
			{Name: "bigquery_dataset", Var: &o.BigQueryDataset,
				Usage: "BigQuery `dataset` that keeps all events, signals, badge changes and dead letters: " +
					"project.dataset, or dataset in --project; its tables must be there (sql/tables.sql)"},
		}},
		{Name: "Stock", Flags: []config.Flag{
			{Name: "low_stock_enter", Var: &o.LowStockEnter,
				Usage: "`units` on hand at or below which LOW_STOCK goes on"},
			{Name: "low_stock_exit", Var: &o.LowStockExit,
				Usage: "`units` on hand above which LOW_STOCK goes off"},
		}},
		{Name: "Velocity", Flags: o.velocityFlags()},
		{Name: "State", Flags: o.stateFlags()},
		{Name: "Clock", Flags: []config.Flag{
			{Name: "clock_origin", Var: &o.ClockOrigin,
				Usage: "what the clock shows at the start, RFC 3339 `time`; now without it"},
			{Name: "clock_speed", Var: &o.ClockSpeed, Usage: "how many seconds of the clock pass in a `second`"},
		}},
		{Name: "Operations", Flags: []config.Flag{
			{Name: "summary_file", Var: &o.SummaryFile,
				Usage: "`file` for the counts as JSON, written every 10 seconds and at the end"},
			{Name: "metrics_addr", Var: &o.MetricsAddr,
				Usage: "`host:port` at which to serve /metrics for Prometheus, /healthz and /readyz; " +
					"without a host, on all addresses; port 0 is a free one; without the flag nothing is served"},
			{Name: "ui_addr", Var: &o.UIAddr,
				Usage: "`host:port` at which to serve the page that shows the pipeline at work; " +
					"without a host, on this machine alone; port 0 is a free one; without the flag there is none"},
			{Name: "ui_history_mb", Var: &o.UIHistoryMB,
				Usage: "with --ui_addr: memory for the newest events, signals, badge changes and dead letters, `MB`"},
			{Name: "profile_dir", Var: &o.ProfileDir,
				Usage: "`folder` for profiles of the whole run, written at its end: cpu, allocs, mutex and block, " +
					"for go tool pprof; they cost a few percent"},
		}},
		o.Log.Flags(),
	}
}

func (o *Options) velocityFlags() []config.Flag {
	v := &o.Velocity
	return []config.Flag{
		{Name: "dense_minutes", Var: &v.DenseMinutes,
			Usage: "`minutes` with sales in the last hour from which the window is 1h; below half of it, 24h"},
		{Name: "dense_units", Var: &v.DenseUnits,
			Usage: "`units` sold in the last hour from which the window is 1h; below half of it, 24h"},
		{Name: "weight_views", Var: &v.WeightView, Usage: "`weight` of a view in the demand score"},
		{Name: "weight_cart_adds", Var: &v.WeightCartAdd, Usage: "`weight` of a cart add in the demand score"},
		{Name: "weight_units", Var: &v.WeightUnit, Usage: "`weight` of a unit sold in the demand score"},
		{Name: "high_demand_enter", Var: &v.HighDemandEnter,
			Usage: "`score` of the last hour from which HIGH_DEMAND is on; below half of it, off"},
		{Name: "high_demand_dwell", Var: &o.HighDemandDwell,
			Usage: "shortest time between two changes of HIGH_DEMAND"},
	}
}

func (o *Options) stateFlags() []config.Flag {
	return []config.Flag{
		{Name: "key_groups", Var: &o.KeyGroups,
			Usage: "over how many Beam keys the store:product keys are spread; 0: one Beam key each. " +
				"On Dataflow the default is 256"},
		{Name: "product_groups", Var: &o.ProductGroups,
			Usage: "over how many Beam keys products are spread for velocity and for stock over all stores. " +
				"On Dataflow the default is 64"},
		{Name: "restore", Var: &o.Restore, Choices: []string{restoreRedis, restoreNone},
			Usage: "where state comes from at the start, and is mirrored to. " +
				"On Dataflow, which keeps the state, it is none"},
		{Name: "image_cache_mb", Var: &o.ImageCacheMB,
			Usage: "memory for decoded state, `MB` per keyed stage; " +
				"what does not fit is decoded again when it is needed"},
		{Name: "ledger_horizon", Var: &o.LedgerHorizon,
			Usage: "how far behind a key's newest event late counts and repetitions are recognised"},
		{Name: "late_events", Var: &o.LateEvents, Choices: []string{lateRefuse, lateCount},
			Usage: "a sale or receipt that would count but is older than its key's ledger, and may be a repetition: " +
				"refuse, as a dead letter TOO_LATE, or count"},
	}
}
