package pipeline

import (
	"context"
	"debug/elf"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"regexp"
	"strings"

	"github.com/apache/beam/sdks/v2/go/pkg/beam/options/gcpopts"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/options/jobopts"

	"github.com/beamlytics/streamlytics/sinks/redis"
)

// The defaults of options on Dataflow, where many threads share the work and the runner keeps the
// state.
const (
	dataflowKeyGroups     = 256
	dataflowProductGroups = 64
)

// defaultsOfRunner sets the options that were not given to the defaults of the runner.
func (o *Options) defaultsOfRunner(given func(name string) bool) {
	if o.runnerKind() != dataflowRunner {
		return
	}
	if !given("key_groups") {
		o.KeyGroups = dataflowKeyGroups
	}
	if !given("product_groups") {
		o.ProductGroups = dataflowProductGroups
	}
	if !given("restore") {
		o.Restore = restoreNone
	}
}

// jobName matches the name of a job on Dataflow, which may have up to maxJobName bytes.
var jobName = regexp.MustCompile(`^[a-z]([-a-z0-9]*[a-z0-9])?$`)

const maxJobName = 1024

// uselessOnDataflow are options of a program that does the work itself, each with what replaces it.
var uselessOnDataflow = []struct{ flag, instead string }{
	{"endpoint", "--dataflow_endpoint names another Dataflow service"},
	{"warehouse_dir", "workers have no lasting disk; --bigquery_dataset keeps the rows"},
	{"warehouse_fsync", "workers have no lasting disk"},
	{"summary_file", "the counts are the job's metrics"},
	{"metrics_addr", "the counts are the job's metrics"},
	{"ui_addr", "the job's own page is in the console of Google Cloud"},
	{"ui_history_mb", "there is no --ui_addr"},
	{"profile_dir", "--cpu_profiling names a folder in gs:// for the workers' profiles"},
	{"environment_type", "the workers are Dataflow's"},
	{"environment_config", "--sdk_container_image names another image for the workers"},
}

// onlyOnDataflow are flags of Beam that have no effect on Prism.
var onlyOnDataflow = strings.Fields(`
	autoscaling_algorithm cpu_profiling dataflow_endpoint dataflow_kms_key dataflow_service_options
	disk_provisioned_iops disk_provisioned_throughput_mibps disk_size_gb disk_type dry_run flexrs_goal
	labels machine_type max_num_workers min_cpu_platform network no_use_public_ips num_workers
	number_of_worker_harness_threads region sdk_container_image service_account_email staging_location
	subnetwork teardown_policy temp_location template_location transform_name_mapping update
	use_public_ips worker_binary worker_machine_type worker_region worker_zone zone`)

// validateDataflow reports options that a job on Dataflow needs and are missing, and options that
// have no effect there.
func (o Options) validateDataflow(ctx context.Context, bad reportFunc) {
	given := o.given()
	for _, x := range uselessOnDataflow {
		if _, ok := given[x.flag]; ok || isSet(x.flag) {
			bad(x.flag, "has no use on Dataflow: %s", x.instead)
		}
	}
	if o.Restore == restoreRedis {
		bad("restore", "redis is not for Dataflow, where the runner keeps the state: "+
			"update the job with --update, "+
			"or replace it with one that reads the archive's events with --events_files (docs/DATAFLOW.md)")
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
		bad("job_name", "%q is not a name for a job: "+
			"small letters, digits and hyphens, a letter first, no hyphen last", n)
	}
	if o.BigQueryDataset == "" {
		bad("bigquery_dataset", "is missing: dead letters go there, because workers have no lasting disk")
	}
	o.validateReach(bad)
}

// validateReach reports what only this machine can reach, and a worker binary that cannot run on
// Dataflow.
func (o Options) validateReach(bad reportFunc) {
	if o.Emulator != "" {
		bad("runner", "PUBSUB_EMULATOR_HOST is set, which Dataflow cannot reach: unset it")
	}
	if s := o.Redis.PasswordSecret; strings.HasPrefix(s, "env:") || strings.HasPrefix(s, "file:") {
		bad("redis_password_secret",
			"is on this machine, where workers cannot read it: give projects/P/secrets/S/versions/V")
	}
	if ca := o.Redis.CA; ca != "" && !redis.IsSecretVersion(ca) {
		bad("redis_ca", "%q is a file of this machine, which workers cannot read: "+
			"give projects/P/secrets/S/versions/V", ca)
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

// gcsPath matches a folder or an object on Cloud Storage.
var gcsPath = regexp.MustCompile(`^gs://[a-z0-9][-_.a-z0-9]+(/.*)?$`)

// isSet reports whether a flag of Beam has another value than its default.
func isSet(name string) bool {
	f := flag.CommandLine.Lookup(name)
	return f != nil && f.Value.String() != f.DefValue
}

// valueOf returns the value of a flag of Beam, or nothing where Beam has no such flag.
func valueOf(name string) string {
	if f := flag.CommandLine.Lookup(name); f != nil {
		return f.Value.String()
	}
	return ""
}

// workerBinary returns the file that workers run: --worker_binary, or this program.
func workerBinary() (string, error) {
	if path := *jobopts.WorkerBinary; path != "" {
		return path, nil
	}
	path, err := os.Executable()
	if err != nil {
		return "", fmt.Errorf("find this program's file: %w", err)
	}
	return path, nil
}

// howToBuild is the hint of checkWorkerBinary.
const howToBuild = "build it with CGO_ENABLED=0 GOOS=linux GOARCH=amd64 go build -o worker ./cmd/streamlytics, " +
	"and give --worker_binary=worker"

// checkWorkerBinary returns an error for a file that workers cannot run: it must be for Linux on
// amd64 and need no libraries.
func checkWorkerBinary(path string) error {
	f, err := elf.Open(path)
	if err != nil {
		return fmt.Errorf("%s is not a program for Linux: %s: %w", path, howToBuild, err)
	}
	defer func() { _ = f.Close() }() // it was only read
	if f.Machine != elf.EM_X86_64 {
		return fmt.Errorf("%s is for %v, and workers are amd64: %s", path, f.Machine, howToBuild)
	}
	for _, p := range f.Progs {
		if p.Type == elf.PT_INTERP {
			return errors.New(path + " is linked to libraries of this machine: " + howToBuild)
		}
	}
	return nil
}
