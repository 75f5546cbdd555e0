package template

// excluded are the flags that the template does not have as parameters, each with the reason.
var excluded = map[string]string{
	"runner":             "the launcher sets it",
	"project":            "the launcher sets it",
	"restore":            "Dataflow keeps the state",
	"metrics_addr":       "the counts are the job's metrics",
	"warehouse_dir":      "workers have no lasting disk",
	"warehouse_fsync":    "workers have no lasting disk",
	"summary_file":       "workers have no lasting disk; the counts are the job's metrics",
	"profile_dir":        "workers have no lasting disk",
	"clock_origin":       "a job for production goes by the wall clock",
	"clock_speed":        "a job for production goes by the wall clock",
	"outstanding_events": "Dataflow reads Pub/Sub by itself, and holds back by itself",
}
