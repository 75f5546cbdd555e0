package documents

import (
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// workflows are the workflows, by name.
func workflows(t *testing.T) map[string]string {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(root, ".github", "workflows", "*.yml"))
	if err != nil || len(paths) < 2 {
		t.Fatalf("%d workflows, %v", len(paths), err)
	}
	texts := map[string]string{}
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		texts[filepath.Base(path)] = string(text)
	}
	return texts
}

var (
	uses      = regexp.MustCompile(`(?m)^[ -]*uses:.*$`)
	pinnedUse = regexp.MustCompile(`^[ -]*uses: [\w.-]+(/[\w.-]+)+@[0-9a-f]{40} # v\d+\.\d+\.\d+$`)
	// What would make a key live in GitHub: any secret of the repository, and the options of Google's action that take a key.
	keyed = regexp.MustCompile(`secrets\b|credentials_json|service_account_key|private_key|GOOGLE_APPLICATION_CREDENTIALS|inherit`)
)

// unpinned are the lines of a workflow that use an action by something other than a full SHA with its version beside it.
func unpinned(text string) []string {
	return slices.DeleteFunc(uses.FindAllString(text, -1), pinnedUse.MatchString)
}

func TestActionsArePinned(t *testing.T) {
	for name, text := range workflows(t) {
		if len(uses.FindAllString(text, -1)) == 0 {
			t.Errorf("%s uses no action", name)
		}
		for _, line := range unpinned(text) {
			t.Errorf("%s: not pinned by a SHA and a version: %s", name, strings.TrimSpace(line))
		}
	}
	for _, bad := range []string{
		"      - uses: actions/checkout@v7", "        uses: actions/checkout@main", "- uses: a/b@3d3c42e5aac5ba805825da76410c181273ba90b1",
		"- uses: a/b@3d3c42e # v7.0.1", "- uses: docker://alpine:3", "- uses: ./local",
	} {
		if len(unpinned(bad)) != 1 {
			t.Errorf("not found: %s", bad)
		}
	}
}

func TestNothingDeploysWithAKey(t *testing.T) {
	for name, text := range workflows(t) {
		if found := keyed.FindString(text); found != "" {
			t.Errorf("%s speaks of %q", name, found)
		}
	}
	deploy := workflows(t)["deploy.yml"]
	logins, vouched := strings.Count(deploy, "google-github-actions/auth@"), strings.Count(deploy, "workload_identity_provider:")
	if logins == 0 || logins != vouched {
		t.Errorf("deploy.yml logs in %d times, %d of them by Workload Identity", logins, vouched)
	}
	const none = "\npermissions: {}\n"
	for name, want := range map[string]string{
		"ci.yml": "\npermissions:\n  contents: read\n\n", "deploy.yml": none, "release.yml": none,
	} {
		if !strings.Contains(workflows(t)[name], want) {
			t.Errorf("%s has more rights than it needs", name)
		}
	}
}

// runStep matches what a step runs in the shell.
var runStep = regexp.MustCompile(`(?m)^        run: (?:\|\n((?:(?:          .*)?\n)+)|(.*launch_dataflow.*)\n)`)

// TestDeploysAreUnderstood runs the steps of deploy.yml with launch_dataflow.sh in its dry run, which checks all options.
func TestDeploysAreUnderstood(t *testing.T) {
	script, err := filepath.Abs(filepath.Join(root, "launch_dataflow.sh"))
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	wrapper := "#!/bin/sh\nexec '" + script + "' \"$@\" --dry_run\n"
	if err := os.WriteFile(filepath.Join(dir, "launch_dataflow.sh"), []byte(wrapper), 0o700); err != nil {
		t.Fatal(err)
	}
	const sha = "0123456789abcdef0123456789abcdef01234567"
	with := map[string]string{
		"PROJECT": "shop-production", "REGION": "europe-west1", "JOB_NAME": "streamlytics", "IMAGE": "europe-west1-docker.pkg.dev/shop-production/streamlytics/template",
		"TEMPLATES": "gs://shop-templates/streamlytics", "TAG": sha, "STRATEGY": "update", "RUNNER_TEMP": dir,
		"OPTIONS": "max_workers=4\nparameter=redis_addrs=10.0.0.3:6379\nparameter=bigquery_dataset=streamlytics",
	}
	steps := runStep.FindAllStringSubmatch(workflows(t)["deploy.yml"], -1)
	said := ""
	for _, step := range steps {
		out, err := sh(t, dir, step[1]+step[2], with)
		if err != nil {
			t.Errorf("%v\n%s\nof\n%s", err, out, step[0])
		}
		said += out
	}
	if len(steps) != 3 {
		t.Errorf("%d steps that launch, want 3", len(steps))
	}
	for _, want := range []string{"template:" + sha, "gs://shop-templates/streamlytics/" + sha + ".json", "--update", "--max-workers=4", "redis_addrs=10.0.0.3:6379"} {
		if !strings.Contains(said, want) {
			t.Errorf("no word of %s in\n%s", want, said)
		}
	}
	with["TAG"] = "latest; rm -rf /"
	if out, err := sh(t, dir, steps[2][1], with); err == nil || !strings.Contains(out, "is not the full SHA") {
		t.Errorf("rolling back to a tag that is none: %v %s", err, out)
	}
}

// sh runs a script as GitHub does.
func sh(t *testing.T, dir, script string, with map[string]string) (string, error) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script)
	cmd.Dir, cmd.Env = dir, os.Environ()
	for _, name := range slices.Sorted(maps.Keys(with)) {
		cmd.Env = append(cmd.Env, name+"="+with[name])
	}
	out, err := cmd.CombinedOutput()
	return string(out), err
}
