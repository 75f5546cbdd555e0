package pipeline

import (
	"context"
	"encoding/json"
	"flag"
	"regexp"
	"strings"

	"github.com/apache/beam/sdks/v2/go/pkg/beam/options/gcpopts"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/options/jobopts"

	"github.com/beamlytics/streamlytics/sinks"
)

// jobName is what Dataflow takes as the name of a job, up to maxJobName bytes.
var jobName = regexp.MustCompile(`^[a-z]([-a-z0-9]*[a-z0-9])?$`)

const maxJobName = 1024

// uselessOnDataflow are options of a program that does the work itself, and what is there in their place.
var uselessOnDataflow = []struct{ flag, instead string }{
	{"endpoint", "--dataflow_endpoint names another Dataflow service"},
	{"warehouse_dir", "workers have no lasting disk; --bigquery_dataset keeps the rows"},
	{"warehouse_fsync", "workers have no lasting disk"},
	{"summary_file", "the counts are the job's metrics"},
	{"metrics_addr", "the counts are the job's metrics"},
	{"profile_dir", "--cpu_profiling names a folder in gs:// for the workers' profiles"},
	{"environment_type", "the workers are Dataflow's"},
	{"environment_config", "--sdk_container_image names another image for the workers"},
}

// onlyOnDataflow are flags of Beam that do nothing on other runners.
var onlyOnDataflow = []string{"autoscaling_algorithm", "cpu_profiling", "dataflow_endpoint", "dataflow_kms_key", "dataflow_service_options",
	"disk_provisioned_iops", "disk_provisioned_throughput_mibps", "disk_size_gb", "disk_type", "dry_run", "flexrs_goal", "labels", "machine_type", "max_num_workers", "min_cpu_platform", "network",
	"no_use_public_ips", "num_workers", "number_of_worker_harness_threads", "region", "sdk_container_image", "service_account_email",
	"staging_location", "subnetwork", "teardown_policy", "temp_location", "template_location", "transform_name_mapping", "update", "use_public_ips",
	"worker_binary", "worker_machine_type", "worker_region", "worker_zone", "zone"}

// checkDataflow looks at what a job on Dataflow needs and at what would have no effect there, or elsewhere.
func (o Options) checkDataflow(ctx context.Context, bad reportFunc) {
	if o.runnerKind() != dataflowRunner {
		for _, name := range onlyOnDataflow {
			if isSet(name) {
				bad(name, "has no use: it is for --runner=dataflow")
			}
		}
		return
	}
	given := o.given()
	for _, x := range uselessOnDataflow {
		if _, ok := given[x.flag]; ok || isSet(x.flag) {
			bad(x.flag, "has no use on Dataflow: %s", x.instead)
		}
	}
	if o.Project == "" {
		bad("project", "is missing: the Google Cloud project of the job")
	}
	if gcpopts.GetRegion(ctx) == "" {
		bad("region", "is missing: the region of the job, such as europe-west4")
	}
	for _, name := range []string{"staging_location", "temp_location", "template_location"} {
		switch v := valueOf(name); {
		case v == "" && name == "staging_location":
			bad(name, "is missing: a folder in gs:// for what the workers run")
		case v != "" && !gcsPath.MatchString(v):
			bad(name, "%q is not gs://bucket/path", v)
		}
	}
	for _, name := range []string{"labels", "transform_name_mapping"} {
		var pairs map[string]string
		if v := valueOf(name); v != "" && json.Unmarshal([]byte(v), &pairs) != nil {
			bad(name, "%q is not a JSON object of texts", v)
		}
	}
	if n := *jobopts.JobName; n != "" && (len(n) > maxJobName || !jobName.MatchString(n)) {
		bad("job_name", "%q is not a name for a job: small letters, digits and hyphens, a letter first, no hyphen last", n)
	}
	if o.BigQueryDataset == "" {
		bad("bigquery_dataset", "is missing: dead letters go there, because workers have no lasting disk")
	}
	if o.Emulator != "" {
		bad("runner", "PUBSUB_EMULATOR_HOST is set, which Dataflow cannot reach: unset it")
	}
	if s := o.RedisPasswordSecret; strings.HasPrefix(s, "env:") || strings.HasPrefix(s, "file:") {
		bad("redis_password_secret", "names something of this machine, which workers cannot read: give projects/P/secrets/S/versions/V")
	}
	if ca := o.RedisCA; ca != "" && !sinks.IsSecretVersion(ca) {
		bad("redis_ca", "%q is a file of this machine, which workers cannot read: give projects/P/secrets/S/versions/V", ca)
	}
	if o.Restore == "redis" && o.KeyGroups == 0 {
		bad("restore", "redis needs --key_groups of at least 1 on Dataflow: the groups are what a new job waits for")
	}
	for _, f := range []struct{ flag, globs string }{{"events_files", o.EventsFiles}, {"wms_files", o.WMSFiles}} {
		for _, glob := range splitList(f.globs) {
			if !strings.HasPrefix(glob, "gs://") {
				bad(f.flag, "%q is a file of this machine, which workers cannot read: give gs://", glob)
			}
		}
	}
	binary, err := workerBinary()
	if err == nil {
		err = checkWorkerBinary(binary)
	}
	if err != nil {
		bad("worker_binary", "%w", err)
	}
}

// gcsPath is a folder or an object.
var gcsPath = regexp.MustCompile(`^gs://[a-z0-9][-_.a-z0-9]+(/.*)?$`)

// isSet reports whether a flag of Beam has another value than its default.
func isSet(name string) bool {
	f := flag.CommandLine.Lookup(name)
	return f != nil && f.Value.String() != f.DefValue
}

func valueOf(name string) string {
	if f := flag.CommandLine.Lookup(name); f != nil {
		return f.Value.String()
	}
	return ""
}
