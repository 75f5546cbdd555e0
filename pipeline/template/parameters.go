package template

// parameter describes a flag beyond its usage and default.
type parameter struct {
	flag  string
	label string
	kind  string // a name of the API's enum ParamType; ENUM where there are choices
	// required is set where the job cannot start without the flag. Such a flag has no default.
	required bool
	choices  []string // in place of those of the flag
	regexes  []string
	help     string // replaces the flag's usage, where that mentions what Dataflow does not have
}

// parameters are the parameters of the template, in the order in which the console shows them.
var parameters = []parameter{
	{flag: "pos_subscription", label: "Subscription of till transactions",
		kind: "PUBSUB_SUBSCRIPTION", regexes: []string{subscription}},
	{flag: "ecom_subscription", label: "Subscription of the clickstream",
		kind: "PUBSUB_SUBSCRIPTION", regexes: []string{subscription}},
	{flag: "wms_subscription", label: "Subscription of warehouse messages",
		kind: "PUBSUB_SUBSCRIPTION", regexes: []string{subscription}},
	{flag: "wms_files", label: "Warehouse files",
		kind: "TEXT", regexes: []string{gcsFiles}},
	{flag: "wms_files_poll", label: "How often to look for new and changed warehouse files",
		kind: "TEXT", regexes: []string{duration}},
	{flag: "wms_files_settle",
		label: "How long a warehouse file must not have changed before an unfinished end of it is read",
		kind:  "TEXT", regexes: []string{duration}},
	{flag: "events_files", label: "Files of unified events",
		kind: "TEXT", regexes: []string{gcsFiles}},
	{flag: "online_store", label: "Store of web shop events that name none",
		kind: "TEXT", regexes: []string{storeID}},
	{flag: "ecom_refunds", label: "Refund events of the web shop"},
	{flag: "pos_map", label: "Map of till transactions", kind: "TEXT"},
	{flag: "ecom_map", label: "Map of the clickstream", kind: "TEXT"},
	{flag: "wms_map", label: "Map of warehouse messages", kind: "TEXT"},
	{flag: "strip_leading_zeros", label: "Product ids without leading zeros",
		kind: "BOOLEAN", regexes: []string{`^(true|false)$`}},

	{flag: "redis_addrs", label: "Addresses of Redis",
		kind: "TEXT", required: true, regexes: []string{redisAddrs}},
	{flag: "redis_username", label: "ACL user of Redis",
		kind: "TEXT"},
	{flag: "redis_password_secret", label: "Where the Redis password is",
		kind: "TEXT", regexes: []string{versionName},
		help: "The version of a secret of Secret Manager that holds the Redis password: " +
			"projects/P/secrets/S/versions/V. Workers read it."},
	{flag: "redis_tls", label: "Connect to Redis with TLS",
		kind: "BOOLEAN", regexes: []string{`^(true|false)$`}},
	{flag: "redis_ca", label: "Where the authority of Redis's certificate is",
		kind: "TEXT", regexes: []string{versionName},
		help: "The version of a secret of Secret Manager that holds the certificate, in PEM, of the authority " +
			"that signed Redis's: projects/P/secrets/S/versions/V. Workers read it. " +
			"The system's authorities without it."},

	{flag: "bigquery_dataset", label: "BigQuery dataset",
		kind: "TEXT", required: true, regexes: []string{dataset}},

	{flag: "key_groups", label: "Key groups",
		kind: "NUMBER", regexes: []string{count}},
	{flag: "product_groups", label: "Product groups",
		kind: "NUMBER", regexes: []string{count}},
	{flag: "image_cache_mb", label: "Memory for decoded state, MB",
		kind: "NUMBER", regexes: []string{count}},
	{flag: "ledger_horizon", label: "Ledger horizon",
		kind: "TEXT", regexes: []string{duration}},
	{flag: "late_events", label: "Sales and receipts older than the ledger"},

	{flag: "low_stock_enter", label: "LOW_STOCK on at",
		kind: "NUMBER", regexes: []string{integer}},
	{flag: "low_stock_exit", label: "LOW_STOCK off above",
		kind: "NUMBER", regexes: []string{integer}},

	{flag: "dense_minutes", label: "Minutes with sales that make an hour dense",
		kind: "NUMBER", regexes: []string{count}},
	{flag: "dense_units", label: "Units that make an hour dense",
		kind: "NUMBER", regexes: []string{count}},
	{flag: "weight_views", label: "Weight of a view",
		kind: "NUMBER", regexes: []string{count}},
	{flag: "weight_cart_adds", label: "Weight of a unit put into a cart",
		kind: "NUMBER", regexes: []string{count}},
	{flag: "weight_units", label: "Weight of a unit sold",
		kind: "NUMBER", regexes: []string{count}},
	{flag: "high_demand_enter", label: "HIGH_DEMAND on at a score of",
		kind: "NUMBER", regexes: []string{count}},
	{flag: "high_demand_dwell", label: "Shortest time between changes of HIGH_DEMAND",
		kind: "TEXT", regexes: []string{duration}},

	{flag: "log_level", label: "Log level",
		choices: []string{"DEBUG", "INFO", "WARN", "ERROR"}},

	{flag: "sdk_container_image", label: "Image of the workers",
		kind: "TEXT", regexes: []string{image},
		help: "The container image that workers run, in place of that of Beam's Go SDK. " +
			"It must hold the same version of the SDK."},
	{flag: "number_of_worker_harness_threads", label: "Threads of a worker",
		kind: "NUMBER", regexes: []string{count},
		help: "How many bundles a worker works on at once. Dataflow decides without it."},
	{flag: "disk_size_gb", label: "Disk of a worker, GB",
		kind: "NUMBER", regexes: []string{count},
		help: "The size of a worker's disk, GB. Dataflow decides without it."},
	{flag: "dataflow_service_options", label: "Service options",
		kind: "TEXT", regexes: []string{serviceOptions},
		help: "Service options of Dataflow, separated by commas, such as enable_google_cloud_profiler."},
}

// excluded are the flags that are no parameters of the template, each with the reason.
var excluded = map[string]string{
	"runner":             "the launcher sets it",
	"project":            "the launcher sets it",
	"restore":            "Dataflow keeps the state",
	"metrics_addr":       "the counts are the job's metrics",
	"ui_addr":            "the page is that of a program which does the work itself",
	"ui_history_mb":      "the page is that of a program which does the work itself",
	"warehouse_dir":      "workers have no lasting disk",
	"warehouse_fsync":    "workers have no lasting disk",
	"summary_file":       "workers have no lasting disk; the counts are the job's metrics",
	"profile_dir":        "workers have no lasting disk",
	"clock_origin":       "a job for production goes by the wall clock",
	"clock_speed":        "a job for production goes by the wall clock",
	"config":             "the launcher has no files of yours",
	"log_format":         "workers log to Cloud Logging",
	"outstanding_events": "Dataflow reads Pub/Sub by itself, and holds back by itself",
}

// beamFlags are the parameters that are flags of Beam's Dataflow runner. Its other flags are set by
// the launcher from the environment of a launch, or by additional pipeline options.
var beamFlags = []string{
	"sdk_container_image", "number_of_worker_harness_threads", "disk_size_gb", "dataflow_service_options",
}
