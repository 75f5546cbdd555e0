package main

import (
	"bufio"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"

	"github.com/beamlytics/streamlytics/test/programtest"
)

func TestMain(m *testing.M) { programtest.Main(m, main) }

func program(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	cmd := programtest.Command(t, args...)
	cmd.Env = append(cmd.Env, "TMPDIR="+t.TempDir())
	return cmd
}

var closingLine = regexp.MustCompile(`^stock keys checked against the truth: [1-9]\d*, wrong: 0$`)

func TestASignalEndsItWithTheClosingLine(t *testing.T) {
	t.Parallel()
	programtest.Signals(t, func(t *testing.T, signal os.Signal) {
		t.Parallel()
		temp := t.TempDir()
		cmd := program(t, "--clock_speed=600", "--events_per_second=200", "--shops=3", "--products=30")
		cmd.Env = append(cmd.Env, "TMPDIR="+temp)
		last, signalled := "", false
		for lines := bufio.NewScanner(programtest.Start(t, cmd)); lines.Scan(); {
			last = lines.Text()
			if !signalled && strings.Contains(last, "busiest") {
				signalled = true
				if err := cmd.Process.Signal(signal); err != nil {
					t.Fatal(err)
				}
			}
		}
		if err := cmd.Wait(); err != nil {
			t.Errorf("exit: %v", err)
		}
		if !closingLine.MatchString(last) {
			t.Errorf("the last line is %q", last)
		}
		if left, err := os.ReadDir(temp); err != nil || len(left) > 0 {
			t.Errorf("left behind: %v, %v", left, err)
		}
	})
}

func TestItEndsByItself(t *testing.T) {
	t.Parallel()
	out, err := program(t, "--duration=1s", "--clock_speed=600", "--events_per_second=50", "--shops=2",
		"--products=10").CombinedOutput()
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	if err != nil || !closingLine.MatchString(lines[len(lines)-1]) {
		t.Errorf("%v\n%s", err, out)
	}
}

func TestBadOptionsAreRefused(t *testing.T) {
	out, err := program(t, "--nonsense", "--shops=0").CombinedOutput()
	if err == nil || !strings.Contains(string(out), "nonsense") || !strings.Contains(string(out), "shops") {
		t.Errorf("%v: %s", err, out)
	}
}

func TestHelp(t *testing.T) {
	out, err := program(t, "--help").CombinedOutput()
	if err != nil || !strings.Contains(string(out), "clock_speed") {
		t.Errorf("%v: %s", err, out)
	}
}
