package operations

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"cloud.google.com/go/monitoring/apiv3/v2/monitoringpb"
	"google.golang.org/protobuf/encoding/protojson"

	"github.com/beamlytics/streamlytics/internal/metrics"
)

// ofGoogle are the metrics of Google's that the policies may rest on, with the resource that each belongs to, as
// https://docs.cloud.google.com/monitoring/api/metrics_gcp_d_h and metrics_gcp_p_z list them.
var ofGoogle = map[string]string{
	"dataflow.googleapis.com/job/is_failed":                         "dataflow_job",
	"dataflow.googleapis.com/job/system_lag":                        "dataflow_job",
	"dataflow.googleapis.com/job/data_watermark_age":                "dataflow_job",
	"dataflow.googleapis.com/job/user_counter":                      "dataflow_job",
	"dataflow.googleapis.com/worker/memory/bytes_used":              "dataflow_worker",
	"dataflow.googleapis.com/worker/memory/container_limit":         "dataflow_worker",
	"pubsub.googleapis.com/subscription/oldest_unacked_message_age": "pubsub_subscription",
	"pubsub.googleapis.com/subscription/dead_letter_message_count":  "pubsub_subscription",
}

// policies are the policies by file name, read as strictly as the service reads them.
func policies(t *testing.T) map[string]*monitoringpb.AlertPolicy {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(root, "deploy/monitoring/gcp/*.json"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no policies: %v", err)
	}
	found := map[string]*monitoringpb.AlertPolicy{}
	for _, file := range files {
		found[file] = readPolicy(t, file)
	}
	return found
}

func readPolicy(t *testing.T, file string) *monitoringpb.AlertPolicy {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	p := &monitoringpb.AlertPolicy{}
	if err := protojson.Unmarshal(text, p); err != nil {
		t.Fatalf("%s is no alert policy: %v", file, err)
	}
	return p
}

// TestPolicies looks for metrics that do not exist: such a policy is accepted, and silent for ever.
func TestPolicies(t *testing.T) {
	var queries []query
	used := map[string]bool{}
	for file, p := range policies(t) {
		name := filepath.Base(file)
		if p.GetDisplayName() == "" || p.GetSeverity() == 0 || len(p.GetConditions()) == 0 || len(p.GetNotificationChannels()) == 0 {
			t.Errorf("%s needs a title, a severity, conditions and somebody to tell", name)
		}
		for _, c := range p.GetConditions() {
			switch {
			case c.GetConditionThreshold() != nil:
				checkFilter(t, name, c.GetConditionThreshold().GetFilter(), used)
				if c.GetConditionThreshold().GetComparison() != monitoringpb.ComparisonType_COMPARISON_GT {
					t.Errorf("%s compares by %v", name, c.GetConditionThreshold().GetComparison())
				}
			case c.GetConditionAbsent() != nil:
				checkFilter(t, name, c.GetConditionAbsent().GetFilter(), used)
			case c.GetConditionPrometheusQueryLanguage() != nil:
				expr := c.GetConditionPrometheusQueryLanguage().GetQuery()
				queries = append(queries, query{name, expr})
				checkQuery(t, name, expr, used)
			default:
				t.Errorf("%s has a condition of another kind: %v", name, c)
			}
		}
	}
	for metric := range ofGoogle {
		if !used[metric] {
			t.Errorf("no policy rests on %s", metric)
		}
	}
	parses(t, queries)
}

// checkFilter looks at a filter of Cloud Monitoring.
func checkFilter(t *testing.T, name, filter string, used map[string]bool) {
	t.Helper()
	metric := regexp.MustCompile(`metric\.type = "([^"]+)"`).FindStringSubmatch(filter)
	resource := regexp.MustCompile(`resource\.type = "([^"]+)"`).FindStringSubmatch(filter)
	if metric == nil || resource == nil || ofGoogle[metric[1]] != resource[1] {
		t.Errorf("%s: there is no such metric of such a resource: %s", name, filter)
		return
	}
	used[metric[1]] = true
	if !strings.Contains(filter, `monitoring.regex.full_match("_`) {
		t.Errorf("%s watches whatever is in the project: %s", name, filter)
	}
}

// checkQuery looks at a query, in which the first slash of a metric's name is a colon, and what is no letter an underscore; counters
// of ours are values of the label metric_name.
func checkQuery(t *testing.T, name, expr string, used map[string]bool) {
	t.Helper()
	known := map[string]string{}
	for metric := range ofGoogle {
		service, rest, _ := strings.Cut(metric, "/")
		known[strings.ReplaceAll(service, ".", "_")+":"+strings.ReplaceAll(rest, "/", "_")] = metric
	}
	found := regexp.MustCompile(`\b(\w+:\w+)\{([^}]*)\}`).FindAllStringSubmatch(expr, -1)
	if len(found) == 0 {
		t.Errorf("%s asks for no metric: %s", name, expr)
	}
	for _, m := range found {
		metric := known[m[1]]
		used[metric] = true
		if metric == "" || !strings.Contains(m[2], `monitored_resource="`+ofGoogle[metric]+`"`) || !strings.Contains(m[2], `job_name=~"_JOB_NAME_"`) {
			t.Errorf("%s: there is no such metric, or it is not that of our job: %s", name, m[0])
		}
		if metric != "dataflow.googleapis.com/job/user_counter" {
			continue
		}
		ours := regexp.MustCompile(`metric_name=~?"([^"]+)"`).FindStringSubmatch(m[2])
		if ours == nil || !slices.ContainsFunc(userCounters(), regexp.MustCompile("^(?:"+ours[1]+")$").MatchString) {
			t.Errorf("%s: no counter of ours is meant by %s", name, m[0])
		}
	}
}

// userCounters are the names that our Beam metrics have as Dataflow's user counters.
func userCounters() (names []string) {
	for _, c := range metrics.Counters() {
		names = append(names, c.String())
	}
	for _, d := range []string{metrics.StockLatencyMs, metrics.VelocityLatencyMs, metrics.LargestSnapshot} {
		names = append(names, d+"_MAX", d+"_MIN", d+"_MEAN", d+"_COUNT")
	}
	return names
}

// recorder stands in for gcloud: it notes its arguments, keeps the policies that it gets, and knows one policy already.
const recorder = `#!/bin/sh
printf '%s\n' "$*" >>"$RECORDS/calls"
for arg in "$@"; do
  case $arg in
    --policy-from-file=*) cp "${arg#*=}" "$RECORDS/" ;;
    *userLabels.alert=memory) printf 'projects/shop/alertPolicies/77\n' ;;
  esac
done
`

// TestPoliciesAreInstalled runs the script with a gcloud that records what it is told.
func TestPoliciesAreInstalled(t *testing.T) {
	bin, records := t.TempDir(), t.TempDir()
	if err := os.WriteFile(filepath.Join(bin, "gcloud"), []byte(recorder), 0o700); err != nil {
		t.Fatal(err)
	}
	run := func(args ...string) (string, error) {
		cmd := exec.CommandContext(t.Context(), filepath.Join(root, "scripts/gcp-alerts.sh"), args...)
		cmd.Env = append(os.Environ(), "PATH="+bin+":"+os.Getenv("PATH"), "RECORDS="+records)
		out, err := cmd.CombinedOutput()
		return string(out), err
	}
	channel := "--channel=projects/shop/notificationChannels/5"
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"--project=shop", channel, "--what"}, "unknown argument: --what"},
		{[]string{channel}, `--project: "" is no project id`},
		{[]string{"--project=shop", "--channel=5"}, `--channel: "5" is not projects/P/notificationChannels/N`},
		{[]string{"--project=shop", channel, `--job_name=a"b`}, `--job_name: "a"b" has other characters`},
		{[]string{"--project=shop", channel, "--subscriptions=a#b"}, `--subscriptions: "a#b" has other characters`},
	} {
		if out, err := run(c.args...); err == nil || !strings.Contains(out, c.want) {
			t.Errorf("%v: %v\n%s", c.args, err, out)
		}
	}
	out, err := run("--project=shop", channel, "--dry_run")
	if err != nil || strings.Count(out, `"displayName": "Streamlytics: `) != len(policies(t)) {
		t.Errorf("dry run: %v\n%s", err, out)
	}
	out, err = run("--project=shop", channel, "--prism", "--dry_run")
	if err != nil || strings.Contains(out, "dataflow.googleapis") || !strings.Contains(out, "subscription/oldest_unacked_message_age") ||
		!strings.Contains(out, "subscription/dead_letter_message_count") {
		t.Errorf("dry run for Prism: %v\n%s", err, out)
	}
	if _, err := os.Stat(filepath.Join(records, "calls")); err == nil {
		t.Fatal("gcloud was called where nothing may be changed")
	}

	if out, err := run("--project=shop", channel, "--job_name=shop-.*", "--subscriptions=(pos|ecom|wms)-live"); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	text, err := os.ReadFile(filepath.Join(records, "calls"))
	if err != nil {
		t.Fatal(err)
	}
	calls := string(text)
	if n := strings.Count(calls, "monitoring policies create --project=shop --policy-from-file="); n != len(policies(t))-1 {
		t.Errorf("%d policies are created:\n%s", n, calls)
	}
	if strings.Count(calls, "monitoring policies update projects/shop/alertPolicies/77 --project=shop --policy-from-file=") != 1 {
		t.Errorf("the policy that is there is not updated:\n%s", calls)
	}
	for file := range policies(t) {
		file = filepath.Join(records, filepath.Base(file))
		p := readPolicy(t, file)
		if c := p.GetNotificationChannels(); !slices.Equal(c, []string{"projects/shop/notificationChannels/5"}) {
			t.Errorf("%s tells %v", file, c)
		}
		text := p.String()
		if regexp.MustCompile(`_[A-Z]{3,}_`).MatchString(text) || !strings.Contains(text, "shop-.*") && !strings.Contains(text, "(pos|ecom|wms)-live") {
			t.Errorf("%s is not filled in: %s", file, text)
		}
	}
}
