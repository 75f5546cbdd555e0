// Package programtest lets the test binary of a command be the command itself, so that its tests run the real program, signals and
// exit code included, and build nothing.
package programtest

import (
	"bufio"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"
)

// asProgram is in the environment of a test binary that is the program.
const asProgram = "STREAMLYTICS_TEST_AS_PROGRAM"

// patience is how long a program may take to do what a test wants.
const patience = 90 * time.Second

// Main is a TestMain: it runs the tests, or the program's main in a process that Command made.
func Main(m *testing.M, main func()) {
	if os.Getenv(asProgram) != "" {
		main()
		return
	}
	os.Exit(m.Run())
}

// Command is the program with arguments. It ends with the test.
func Command(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0], args...)
	cmd.Env = append(os.Environ(), asProgram+"=1")
	return cmd
}

// Signals runs a test with each of the signals that ask a program to end.
func Signals(t *testing.T, test func(*testing.T, os.Signal)) {
	for _, signal := range []os.Signal{syscall.SIGINT, syscall.SIGTERM} {
		t.Run(signal.String(), func(t *testing.T) { test(t, signal) })
	}
}

// Start starts a command and returns its output to read from. What it says on its standard error is in the test's. It is killed when
// it takes too long.
func Start(t *testing.T, cmd *exec.Cmd) *bufio.Reader {
	t.Helper()
	cmd.Stderr = t.Output()
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	watchdog := time.AfterFunc(patience, func() { _ = cmd.Process.Kill() })
	t.Cleanup(func() { watchdog.Stop() })
	return bufio.NewReader(stdout)
}

// ServesUntilASignal starts a server that says in its first line of output where it is, lets check look at the line and at the
// server, and expects exit code 0 after a signal.
func ServesUntilASignal(t *testing.T, args []string, check func(t *testing.T, line string)) {
	Signals(t, func(t *testing.T, signal os.Signal) {
		cmd := Command(t, args...)
		line, err := Start(t, cmd).ReadString('\n')
		if err != nil {
			t.Fatal(err)
		}
		check(t, strings.TrimSpace(line))
		if err := cmd.Process.Signal(signal); err != nil {
			t.Fatal(err)
		}
		if err := cmd.Wait(); err != nil {
			t.Errorf("exit: %v", err)
		}
	})
}
