package pipeline

import (
	"fmt"
	"log/slog"
	"regexp"
	"strings"
	"time"

	"github.com/beamlytics/streamlytics/config"
	"github.com/beamlytics/streamlytics/event"
	"github.com/beamlytics/streamlytics/sinks/bigquery"
	"github.com/beamlytics/streamlytics/sinks/redis"
	"github.com/beamlytics/streamlytics/transforms/keyed"
	"github.com/beamlytics/streamlytics/transforms/velocity"
)

// Options configure a pipeline. Each field is the value of the flag, or of the variable of the
// environment, in its comment.
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

	Redis redis.Options // --redis_addrs and the like

	WarehouseDir   string // --warehouse_dir
	WarehouseFsync bool   // --warehouse_fsync

	BigQueryDataset  string // --bigquery_dataset
	BigQueryEmulator string // environment BIGQUERY_WRITE_EMULATOR_HOST

	OnlineStore       string // --online_store
	EcomRefunds       string // --ecom_refunds: refundsIgnore or refundsReturn
	StripLeadingZeros bool   // --strip_leading_zeros
	POSMap            string // --pos_map: a jq program, or the name of a file that holds one
	ECOMMap           string // --ecom_map
	WMSMap            string // --wms_map

	KeyGroups     int           // --key_groups
	ProductGroups int           // --product_groups
	Restore       string        // --restore
	ImageCacheMB  int           // --image_cache_mb
	LedgerHorizon time.Duration // --ledger_horizon
	LateEvents    string        // --late_events: lateRefuse or lateCount

	LowStockEnter int64 // --low_stock_enter
	LowStockExit  int64 // --low_stock_exit

	Velocity          velocity.Config // --dense_minutes and the like; HighDemandDwell replaces DwellMs
	HighDemandDwell   time.Duration   // --high_demand_dwell
	ClockOrigin       string          // --clock_origin
	ClockSpeed        float64         // --clock_speed
	SummaryFile       string          // --summary_file
	MetricsAddr       string          // --metrics_addr
	UIAddr            string          // --ui_addr
	UIHistoryMB       int             // --ui_history_mb
	OutstandingEvents int64           // --outstanding_events
	Log               config.Log      // --log_level, --log_format: for NewLogHandler; a Pipeline logs to slog's default
	ProfileDir        string          // --profile_dir

	nameOf func(flag string) string // how the user wrote an option; nil: as a flag
}

// The values of --restore, --ecom_refunds and --late_events.
const (
	restoreRedis = "redis"
	restoreNone  = "none"

	refundsIgnore = "ignore"
	refundsReturn = "return"

	lateRefuse = "refuse"
	lateCount  = "count"
)

// defaultSettle is the default of --wms_files_settle.
const defaultSettle = 10 * time.Second

// DefaultOptions returns the defaults of the flags on Prism.
func DefaultOptions() Options {
	v := velocity.DefaultConfig()
	return Options{
		Runner:            "prism",
		Redis:             redis.DefaultOptions(),
		WMSFilesSettle:    defaultSettle,
		OnlineStore:       "online",
		EcomRefunds:       refundsIgnore,
		KeyGroups:         64,
		ProductGroups:     16,
		Restore:           restoreRedis,
		ImageCacheMB:      1024,
		LedgerHorizon:     7 * 24 * time.Hour,
		LateEvents:        lateRefuse,
		LowStockEnter:     5,
		LowStockExit:      8,
		Velocity:          v,
		HighDemandDwell:   time.Duration(v.DwellMs) * time.Millisecond,
		ClockSpeed:        1,
		UIHistoryMB:       64,
		OutstandingEvents: 60_000,
		Log:               config.DefaultLog(slog.LevelInfo),
	}
}

// runnerKind is one of the runners that the pipeline is built for.
type runnerKind int

const (
	unknownRunner runnerKind = iota
	// prismRunner runs in this process, which is its only worker, and ends with it.
	prismRunner
	// dataflowRunner has workers of its own, keeps the state and acknowledges messages. This
	// process only submits the job.
	dataflowRunner
)

// runnerKind returns the runner that --runner names. Names are taken in any case and also as Beam
// registers them, such as DataflowRunner, which the launcher of Flex Templates passes.
func (o Options) runnerKind() runnerKind {
	switch strings.TrimSuffix(strings.ToLower(o.Runner), "runner") {
	case "prism", "direct":
		return prismRunner
	case "dataflow":
		return dataflowRunner
	}
	return unknownRunner
}

// rules returns the options of decoding.
func (o Options) rules(maps event.Maps) event.Rules {
	return event.Rules{OnlineStore: o.OnlineStore, ReturnRefunds: o.EcomRefunds == refundsReturn,
		StripLeadingZeros: o.StripLeadingZeros, Maps: maps}
}

func (o Options) keyGroups() keyed.KeyGroups { return keyed.KeyGroups(o.KeyGroups) }

func (o Options) velocityConfig() velocity.Config {
	c := o.Velocity
	c.DwellMs = o.HighDemandDwell.Milliseconds()
	return c
}

var (
	datasetName = regexp.MustCompile(`^[A-Za-z0-9_]+$`)
	// projectName matches the id of a project, with the domain that old projects have.
	projectName = regexp.MustCompile(`^([a-z0-9.-]+:)?[a-z][a-z0-9-]*$`)
)

// bigQuery returns the project and dataset of the warehouse's tables, and the zero Config when
// there is no dataset.
func (o Options) bigQuery() (bigquery.Config, error) {
	if o.BigQueryDataset == "" {
		return bigquery.Config{}, nil
	}
	c := bigquery.Config{Project: o.Project, Dataset: o.BigQueryDataset, Emulator: o.BigQueryEmulator}
	if i := strings.LastIndexByte(o.BigQueryDataset, '.'); i >= 0 {
		c.Project, c.Dataset = o.BigQueryDataset[:i], o.BigQueryDataset[i+1:]
	}
	switch {
	case !datasetName.MatchString(c.Dataset) || len(c.Dataset) > 1024:
		return c, fmt.Errorf("%q is neither dataset nor project.dataset: "+
			"a dataset's name has letters, digits and underscores", o.BigQueryDataset)
	case c.Project == "":
		return c, fmt.Errorf("%q is in no project; give --project too, or project.dataset", o.BigQueryDataset)
	case !projectName.MatchString(c.Project):
		return c, fmt.Errorf("%q: %q is not the id of a project", o.BigQueryDataset, c.Project)
	}
	return c, nil
}

// splitList splits a list at commas. It drops empty items and the blanks around items.
func splitList(s string) []string {
	var list []string
	for x := range strings.SplitSeq(s, ",") {
		if x = strings.Trim(x, " \t\n\f\r"); x != "" {
			list = append(list, x)
		}
	}
	return list
}
