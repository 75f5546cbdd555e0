package rig

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/beamlytics/streamlytics/internal/metrics"
)

// sampleEvery is how often the memory of a process is read. The kernel keeps the peak, so a peak is
// missed only in the last moments of the process.
const sampleEvery = 50 * time.Millisecond

// Launch configures a start of the program. The zero value starts the plain binary in a folder of
// its own.
type Launch struct {
	Binary string   // a path from Binary or RaceBinary; empty: Binary
	Dir    string   // where it runs; empty: a folder of the test's
	Env    []string // NAME=value beside the environment of the test
	Flags  []string // beside --summary_file
	// Unprivileged applies the permissions of files to the program even if the test runs as root.
	// It then needs setpriv (util-linux).
	Unprivileged bool
}

// command returns the command of the program with its flags.
func (l Launch) command(summary string) *exec.Cmd {
	args := append([]string{l.Binary, "--log_format=text", "--summary_file=" + summary}, l.Flags...)
	if l.Unprivileged && os.Getuid() == 0 {
		args = append([]string{"setpriv", "--bounding-set=-all", "--inh-caps=-all"}, args...)
	}
	cmd := exec.Command(args[0], args[1:]...)
	cmd.Dir, cmd.Env = l.Dir, append(os.Environ(), l.Env...)
	return cmd
}

// Process is one run of a program. Its methods may be called from any goroutine, except those that
// take a testing.TB.
type Process struct {
	// Dir is the working directory, and the place of the dead letters of a pipeline without a
	// warehouse.
	Dir string

	cmd     *exec.Cmd
	log     LogBuffer
	summary string
	started time.Time
	exited  chan struct{} // closed when the process has ended, and its log and state are complete
	peak    atomic.Int64
}

// Exit describes how a process ended.
type Exit struct {
	Code   int            // -1 if a signal ended it
	Signal syscall.Signal // 0 if it exited by itself
}

func (e Exit) String() string {
	if e.Signal != 0 {
		return fmt.Sprintf("ended by signal %v", e.Signal)
	}
	return fmt.Sprintf("exit code %d", e.Code)
}

// Start starts the program. It is killed with the test if it still runs.
func Start(tb testing.TB, l Launch) *Process {
	tb.Helper()
	if l.Binary == "" {
		l.Binary = Binary(tb)
	}
	if l.Dir == "" {
		l.Dir = tb.TempDir()
	}
	summary := filepath.Join(l.Dir, "summary.json")
	if err := os.Remove(summary); err != nil && !errors.Is(err, os.ErrNotExist) {
		tb.Fatal(err) // of an earlier process in the same folder
	}
	p := StartCommand(tb, l.command(summary))
	p.summary = summary
	return p
}

// StartCommand starts any other program, which has no Summary. It is killed with the test if it
// still runs.
func StartCommand(tb testing.TB, cmd *exec.Cmd) *Process {
	tb.Helper()
	p := &Process{Dir: cmd.Dir, cmd: cmd, exited: make(chan struct{}), started: time.Now()}
	cmd.Stdout, cmd.Stderr = &p.log, &p.log
	cmd.SysProcAttr = endWithParent()
	if err := cmd.Start(); err != nil {
		tb.Fatalf("start %s: %v", cmd.Path, err)
	}
	go func() {
		_ = cmd.Wait() // how it ended is in its state
		close(p.exited)
	}()
	go p.watchMemory()
	tb.Cleanup(p.Kill)
	return p
}

// PID returns the process id.
func (p *Process) PID() int { return p.cmd.Process.Pid }

// Started returns the time of the start.
func (p *Process) Started() time.Time { return p.started }

// Log returns what the process has written so far.
func (p *Process) Log() string { return p.log.String() }

// Exited returns a channel that is closed when the process has ended.
func (p *Process) Exited() <-chan struct{} { return p.exited }

// Running reports whether the process has not ended.
func (p *Process) Running() bool {
	select {
	case <-p.exited:
		return false
	default:
		return true
	}
}

// Signal sends a signal to the process. It does nothing, and returns no error, if the process has
// ended.
func (p *Process) Signal(sig os.Signal) error {
	if err := p.cmd.Process.Signal(sig); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("send %v to process %d: %w", sig, p.PID(), err)
	}
	return nil
}

// Kill ends the process as kill -9 does, and waits until it has ended.
func (p *Process) Kill() {
	_ = p.cmd.Process.Kill() // an error means that it is gone already
	<-p.exited
}

// Wait waits until the process has ended. It returns an error, with the log, if that takes longer
// than timeout.
func (p *Process) Wait(timeout time.Duration) (Exit, error) {
	timer := time.NewTimer(timeout)
	defer timer.Stop()
	select {
	case <-p.exited:
	case <-timer.C:
		return Exit{}, fmt.Errorf("the program has not ended within %v:\n%s", timeout, p.Log())
	}
	status := p.cmd.ProcessState.Sys().(syscall.WaitStatus)
	if status.Signaled() {
		return Exit{Code: -1, Signal: status.Signal()}, nil
	}
	return Exit{Code: status.ExitStatus()}, nil
}

// Stop sends SIGTERM, on which the program drains, and waits until it has ended. It returns an
// error, with the log, if that takes longer than timeout or the exit code is not 0.
func (p *Process) Stop(timeout time.Duration) error {
	if err := p.Signal(syscall.SIGTERM); err != nil {
		return err
	}
	exit, err := p.Wait(timeout)
	if err != nil {
		return err
	}
	if exit != (Exit{}) {
		return fmt.Errorf("after SIGTERM: %v\n%s", exit, p.Log())
	}
	return nil
}

// Summary reads the --summary_file, which the program writes every 10 seconds and at the end.
func (p *Process) Summary() (metrics.Summary, error) {
	var s metrics.Summary
	b, err := os.ReadFile(p.summary)
	if err != nil {
		return s, fmt.Errorf("read the summary: %w", err)
	}
	if err := json.Unmarshal(b, &s); err != nil {
		return s, fmt.Errorf("read the summary: %w", err)
	}
	return s, nil
}

// PeakMemory returns the most resident memory that the process had at any time, bytes. It is 0 if
// the system does not provide it.
func (p *Process) PeakMemory() int64 { return p.peak.Load() }

func (p *Process) watchMemory() {
	tick := time.NewTicker(sampleEvery)
	defer tick.Stop()
	for {
		if m, err := p.Memory(); err == nil {
			p.peak.Store(max(p.peak.Load(), m.Peak))
		}
		select {
		case <-tick.C:
		case <-p.exited:
			return
		}
	}
}

// Memory is the resident memory of a process, bytes.
type Memory struct {
	Resident int64
	Peak     int64 // of Resident, since the start
}
