package documents

import (
	"context"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/beamlytics/streamlytics/internal/loopback"
	"github.com/beamlytics/streamlytics/test/rig"
)

// within is how long the whole walk may take; a minute of it is the ack deadline.
const within = 5 * time.Minute

// TestWalkthrough follows walkthrough.md in a clone, on the route with plain processes, with the real programs. What it changes are
// the ports, so that it disturbs nobody; what it does not compare are moments, and a number of keys that depends on the hour.
func TestWalkthrough(t *testing.T) {
	t.Parallel()
	follow(t, "walkthrough.md", steps(t, "walkthrough.md", 30))
}

// TestReadme runs the commands of README.md, twice in one clone and shell. In each round the pipeline reads its files a second time,
// which changes no key.
func TestReadme(t *testing.T) {
	t.Parallel()
	all := steps(t, "README.md", 6)
	find := func(start string) int {
		i := slices.IndexFunc(all, func(s shellStep) bool { return strings.HasPrefix(s.Command, start) })
		if i < 0 {
			t.Fatalf("README.md has no command %s", start)
		}
		return i
	}
	reads, list := find("bin/streamlytics --events_files="), find("bin/streamlytics deadletters list")
	round := slices.Concat(all[:list+1], all[reads:list], all[list+1:])
	follow(t, "README.md", slices.Concat(round, round))
}

// steps are the commands of a document, of which there are at least so many.
func steps(t *testing.T, name string, least int) []shellStep {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, name))
	if err != nil {
		t.Fatal(err)
	}
	steps, err := parseSessions(string(text), "")
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	if len(steps) < least {
		t.Fatalf("%s has %d commands", name, len(steps))
	}
	return steps
}

// follow runs the commands of a document in a clone, and compares what they print.
func follow(t *testing.T, name string, steps []shellStep) {
	t.Helper()
	dir, temp := clone(t), t.TempDir()
	here := ports(t)
	commands := make([]string, len(steps))
	for i, s := range steps {
		commands[i] = here.Replace(s.Command)
	}
	env := []string{"PATH=" + os.Getenv("PATH"), "HOME=" + dir, "TMPDIR=" + temp}
	ctx, cancel := context.WithTimeout(t.Context(), within)
	defer cancel()
	outputs, err := runSession(ctx, dir, env, commands)
	for i, output := range outputs {
		if got, want := normalise(output), normalise(steps[i].Output); got != want {
			t.Errorf("%s:%d: %s\nprints\n%s\nand not\n%s", name, steps[i].Line, steps[i].Command, got, want)
		}
	}
	if err != nil || t.Failed() {
		t.Errorf("%v\n%s", err, logs(temp))
	}
}

// clone makes a folder that holds what a clone does after `make build`, as far as the walk needs it.
func clone(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "bin"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(rig.Binary(t), filepath.Join(dir, "bin", "streamlytics")); err != nil {
		t.Fatal(err)
	}
	if err := os.CopyFS(filepath.Join(dir, "examples", "day"), os.DirFS(filepath.Join(root, "examples", "day"))); err != nil {
		t.Fatal(err)
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

// ports puts free ports in place of those that the documents use.
func ports(t *testing.T) *strings.Replacer {
	t.Helper()
	var pairs []string
	for _, port := range []string{"16379", "16380", "18085", "19464"} {
		free, err := loopback.FreePort()
		if err != nil {
			t.Fatal(err)
		}
		pairs = append(pairs, port, strconv.Itoa(free))
	}
	return strings.NewReplacer(pairs...)
}

// hourly is the number of keys that depends on the hour.
var hourly = regexp.MustCompile(`checked against the truth: \d{4,}`)

func normalise(text string) string {
	return hourly.ReplaceAllString(maskMoments(text), "checked against the truth: N")
}

// logs are what the servers have written below the folder for temporary files.
func logs(temp string) string {
	var all strings.Builder
	paths, _ := filepath.Glob(filepath.Join(temp, "*", "*.log"))
	for _, path := range paths {
		text, _ := os.ReadFile(path)
		all.WriteString(path + ":\n" + string(text) + "\n")
	}
	return all.String()
}
