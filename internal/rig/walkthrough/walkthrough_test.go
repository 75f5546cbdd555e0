// Package walkthrough holds the test of walkthrough.md.
package walkthrough

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/beamlytics/streamlytics/internal/loopback"
	"github.com/beamlytics/streamlytics/internal/shelldoc"
)

// root is the project's folder.
const root = "../../.."

// within is how long the whole walk may take; a minute of it is the ack deadline.
const within = 5 * time.Minute

// TestWalkthrough follows walkthrough.md in an empty folder, on the route with plain processes, with the real programs. What it changes
// are the ports, so that it disturbs nobody; what it does not compare are moments, and a number of keys that depends on the hour.
func TestWalkthrough(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(root, "walkthrough.md"))
	if err != nil {
		t.Fatal(err)
	}
	steps, err := shelldoc.Parse(string(text), "")
	if err != nil {
		t.Fatalf("walkthrough.md: %v", err)
	}
	if len(steps) < 30 {
		t.Fatalf("walkthrough.md has %d commands", len(steps))
	}
	dir := clone(t)
	here := ports(t)
	commands := make([]string, len(steps))
	for i, s := range steps {
		commands[i] = here.Replace(s.Command)
	}
	env := []string{"PATH=" + os.Getenv("PATH"), "HOME=" + dir, "TMPDIR=" + t.TempDir()}
	ctx, cancel := context.WithTimeout(t.Context(), within)
	defer cancel()
	outputs, err := shelldoc.Run(ctx, dir, env, commands)
	for i, output := range outputs {
		if got, want := normalise(output), normalise(steps[i].Output); got != want {
			t.Errorf("walkthrough.md:%d: %s\nprints\n%s\nand not\n%s", steps[i].Line, steps[i].Command, got, want)
		}
	}
	if err != nil {
		t.Errorf("%v\n%s", err, logs(dir))
	}
}

// clone makes a folder that holds what a clone does after `make build`, as far as the walk needs it.
func clone(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	build := exec.CommandContext(t.Context(), "go", "build", "-o", filepath.Join(dir, "bin")+"/", "./cmd/...")
	build.Dir = root
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("make build: %v\n%s", err, out)
	}
	script, err := os.ReadFile(filepath.Join(root, "setup_pubsub.sh"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "setup_pubsub.sh"), script, 0o755); err != nil {
		t.Fatal(err)
	}
	return dir
}

// ports puts free ports in place of those that walkthrough.md uses. redis-cli, which is given none there, gets its own.
func ports(t *testing.T) *strings.Replacer {
	t.Helper()
	var pairs []string
	for _, port := range []string{"6379", "8085", "9464"} {
		free, err := loopback.FreePort()
		if err != nil {
			t.Fatal(err)
		}
		pairs = append(pairs, port, strconv.Itoa(free))
		if port == "6379" {
			pairs = append(pairs, "redis-cli ", "redis-cli -p "+strconv.Itoa(free)+" ")
		}
	}
	return strings.NewReplacer(pairs...)
}

// hourly is the number of keys that depends on the hour.
var hourly = regexp.MustCompile(`checked against the truth: \d{4,}`)

func normalise(text string) string {
	return hourly.ReplaceAllString(shelldoc.Normalise(text), "checked against the truth: N")
}

// logs are what the servers have written.
func logs(dir string) string {
	var all strings.Builder
	paths, _ := filepath.Glob(filepath.Join(dir, "run", "*.log"))
	for _, path := range paths {
		text, _ := os.ReadFile(path)
		all.WriteString(path + ":\n" + string(text) + "\n")
	}
	return all.String()
}
