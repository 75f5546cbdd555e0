package main

import (
	"bufio"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"
)

// The test binary is the program itself when it finds this in its environment.
const asProgram = "DEMO_TEST_AS_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		main()
		return
	}
	os.Exit(m.Run())
}

func program(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0], args...)
	cmd.Env = append(os.Environ(), asProgram+"=1", "TMPDIR="+t.TempDir())
	return cmd
}

var closingLine = regexp.MustCompile(`^stock keys checked against the truth: [1-9]\d*, wrong: 0$`)

func TestASignalEndsItWithTheClosingLine(t *testing.T) {
	for _, signal := range []os.Signal{syscall.SIGINT, syscall.SIGTERM} {
		t.Run(signal.String(), func(t *testing.T) {
			temp := t.TempDir()
			cmd := program(t, "--clock_speed=600", "--events_per_second=200", "--shops=3", "--products=30")
			cmd.Env = append(cmd.Env, "TMPDIR="+temp)
			cmd.Stderr = t.Output()
			stdout, err := cmd.StdoutPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			watchdog := time.AfterFunc(90*time.Second, func() { _ = cmd.Process.Kill() })
			defer watchdog.Stop()
			last, signalled := "", false
			for lines := bufio.NewScanner(stdout); lines.Scan(); {
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
}

func TestItEndsByItself(t *testing.T) {
	out, err := program(t, "--duration=1s", "--clock_speed=600", "--events_per_second=50", "--shops=2", "--products=10").CombinedOutput()
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
