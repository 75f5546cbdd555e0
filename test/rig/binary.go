package rig

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"sync"
	"testing"
)

// program is the import path of the program.
const program = "github.com/beamlytics/streamlytics/cmd/streamlytics"

// folder holds the binaries while Main runs the tests.
var folder string

// prebuilt names the environment variable with the folder of programs that are built already:
// streamlytics and streamlytics-race. scripts/test.sh sets it, so that all packages of a run share
// one build.
const prebuilt = "TEST_PROGRAMS"

// Main runs the tests of a package and returns their exit code: TestMain is os.Exit(rig.Main(m)).
// With -short it runs none, because they run the program from outside, for seconds each. The tests
// of a package share its binaries, which are removed at the end.
func Main(m *testing.M) int {
	flag.Parse()
	if testing.Short() {
		fmt.Println("no test runs with -short: all of them run the program from outside")
		return 0
	}
	dir, err := os.MkdirTemp("", "streamlytics-rig-")
	if err != nil {
		fmt.Fprintln(os.Stderr, "rig: make a folder for the binaries:", err)
		return 1
	}
	defer os.RemoveAll(dir)
	folder = dir
	return m.Run()
}

// AsDelivered are the flags of the Dockerfile: the tests run what is delivered, and one build
// serves both.
var AsDelivered = []string{"-trimpath", "-buildvcs=false", "-ldflags=-s -w"}

var (
	plainBinary = sync.OnceValues(func() (string, error) {
		return build([]string{"CGO_ENABLED=0"}, "streamlytics", AsDelivered...)
	})
	raceBinary = sync.OnceValues(func() (string, error) {
		return build([]string{"CGO_ENABLED=1"}, "streamlytics-race", "-race")
	})
	workerBinary = sync.OnceValues(func() (string, error) {
		return build([]string{"CGO_ENABLED=0", "GOOS=linux", "GOARCH=amd64"}, "streamlytics-worker", AsDelivered...)
	})
)

// Binary returns the path of the program, which its first call builds.
func Binary(tb testing.TB) string {
	tb.Helper()
	return built(tb, plainBinary)
}

// RaceBinary returns the path of the program built with the race detector. The program exits with
// code 66 if the detector found a race.
func RaceBinary(tb testing.TB) string {
	tb.Helper()
	return built(tb, raceBinary)
}

// WorkerBinary returns the path of the program for workers on Dataflow. It is that of Binary on
// Linux on amd64.
func WorkerBinary(tb testing.TB) string {
	tb.Helper()
	if runtime.GOOS == "linux" && runtime.GOARCH == "amd64" {
		return Binary(tb)
	}
	return built(tb, workerBinary)
}

// Command returns a command of the program, such as demo, with its arguments.
func Command(tb testing.TB, args ...string) *exec.Cmd {
	tb.Helper()
	return exec.Command(Binary(tb), args...)
}

func built(tb testing.TB, binary func() (string, error)) string {
	tb.Helper()
	if folder == "" {
		tb.Fatal("rig: the package's TestMain does not call rig.Main")
	}
	path, err := binary()
	if err != nil {
		tb.Fatal(err)
	}
	return path
}

// build returns the path of the program with a name: in the folder of prebuilt if it is there, or
// else built with variables, each NAME=value, beside those of the environment.
func build(env []string, name string, flags ...string) (string, error) {
	if path := filepath.Join(os.Getenv(prebuilt), name); filepath.IsAbs(path) {
		if _, err := os.Stat(path); err == nil {
			return path, nil
		}
	}
	path := filepath.Join(folder, name)
	args := append(append([]string{"build"}, flags...), "-o", path, program)
	cmd := exec.Command("go", args...)
	cmd.Env = append(os.Environ(), env...)
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build %s: %w\n%s", name, err, out)
	}
	return path, nil
}
