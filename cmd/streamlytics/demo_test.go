package main

import (
	"os"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"github.com/beamlytics/streamlytics/test/rig"
)

// startDemo starts the demo. Its temporary files are below temp.
func startDemo(t *testing.T, temp string, args ...string) *rig.Process {
	t.Helper()
	cmd := rig.Command(t, append([]string{"demo"}, args...)...)
	cmd.Env = append(os.Environ(), "TMPDIR="+temp)
	return rig.StartCommand(t, cmd)
}

// demoEnds requires that a demo ends well, with its closing line, and leaves nothing behind.
func demoEnds(t *testing.T, p *rig.Process, temp string) {
	t.Helper()
	ends(t, p, 0)
	if !demoClosing.MatchString(p.Log()) {
		t.Errorf("no closing line:\n%s", p.Log())
	}
	if left, err := os.ReadDir(temp); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

var demoClosing = regexp.MustCompile(`\nstock keys checked against the truth: [1-9]\d*, wrong: 0\n$`)

func TestDemoEndsBySignal(t *testing.T) {
	for _, signal := range []os.Signal{syscall.SIGINT, syscall.SIGTERM} {
		t.Run(signal.String(), func(t *testing.T) {
			t.Parallel()
			temp := t.TempDir()
			p := startDemo(t, temp, "--clock_speed=600", "--events_per_second=200", "--shops=3", "--products=30",
				"--scenario=late_count")
			await(t, p, "it plays the scenario", func() bool { return strings.Contains(p.Log(), "Late count: ") })
			if err := p.Signal(signal); err != nil {
				t.Fatal(err)
			}
			demoEnds(t, p, temp)
		})
	}
}

func TestDemoEndsByItself(t *testing.T) {
	t.Parallel()
	temp := t.TempDir()
	demoEnds(t, startDemo(t, temp, "--duration=1s", "--clock_speed=600", "--events_per_second=50", "--shops=2",
		"--products=10"), temp)
}
