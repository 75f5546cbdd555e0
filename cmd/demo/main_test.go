package main

import (
	"os"
	"os/exec"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/beamlytics/streamlytics/test/rig"
)

// patience bounds the time that a test waits for a condition.
const patience = 90 * time.Second

func TestMain(m *testing.M) { os.Exit(rig.Main(m)) }

// start starts the demo. Its temporary files are below temp.
func start(t *testing.T, temp string, args ...string) *rig.Process {
	t.Helper()
	cmd := exec.Command(rig.CommandBinary(t, "demo"), args...)
	cmd.Env = append(os.Environ(), "TMPDIR="+temp)
	return rig.StartCommand(t, cmd)
}

// ends requires that a demo ends well, with its closing line, and leaves nothing behind.
func ends(t *testing.T, p *rig.Process, temp string) {
	t.Helper()
	exit, err := p.Wait(patience)
	if err != nil {
		t.Fatal(err)
	}
	if exit != (rig.Exit{}) || !closingLine.MatchString(p.Log()) {
		t.Errorf("%v\n%s", exit, p.Log())
	}
	if left, err := os.ReadDir(temp); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

var closingLine = regexp.MustCompile(`\nstock keys checked against the truth: [1-9]\d*, wrong: 0\n$`)

func TestASignalEndsItWithTheClosingLine(t *testing.T) {
	for _, signal := range []os.Signal{syscall.SIGINT, syscall.SIGTERM} {
		t.Run(signal.String(), func(t *testing.T) {
			t.Parallel()
			temp := t.TempDir()
			p := start(t, temp, "--clock_speed=600", "--events_per_second=200", "--shops=3", "--products=30")
			shown := func() bool { return strings.Contains(p.Log(), "busiest") }
			if err := p.Await("it shows the trade", patience, shown); err != nil {
				t.Fatal(err)
			}
			if err := p.Signal(signal); err != nil {
				t.Fatal(err)
			}
			ends(t, p, temp)
		})
	}
}

func TestItEndsByItself(t *testing.T) {
	t.Parallel()
	temp := t.TempDir()
	ends(t, start(t, temp, "--duration=1s", "--clock_speed=600", "--events_per_second=50", "--shops=2",
		"--products=10"), temp)
}

func TestBadOptionsAreRefused(t *testing.T) {
	p := start(t, t.TempDir(), "--nonsense", "--shops=0")
	exit, err := p.Wait(patience)
	if err != nil || exit.Code != 1 || !strings.Contains(p.Log(), "nonsense") || !strings.Contains(p.Log(), "shops") {
		t.Errorf("%v, %v: %s", exit, err, p.Log())
	}
}

func TestHelp(t *testing.T) {
	p := start(t, t.TempDir(), "--help")
	if exit, err := p.Wait(patience); err != nil || exit != (rig.Exit{}) || !strings.Contains(p.Log(), "clock_speed") {
		t.Errorf("%v, %v: %s", exit, err, p.Log())
	}
}
