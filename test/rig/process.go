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

// sampleEvery is how often the memory of a process is looked at. The kernel keeps the peak, so it only bounds what is missed of
// the last moments.
const sampleEvery = 50 * time.Millisecond

// Launch says how to start the program. The zero value is the plain binary in a folder of its own.
type Launch struct {
	Binary string   // a path from Binary or RaceBinary; empty: Binary
	Dir    string   // where it runs; empty: a folder of the test's
	Env    []string // NAME=value beside the environment of the test
	Flags  []string // beside --summary_file
	// Unprivileged makes the permissions of files hold for the program too where the test runs as root. It needs setpriv
	// (util-linux) then.
	Unprivileged bool
}

// command is the program with its flags.
func (l Launch) command(summary string) *exec.Cmd {
	args := append([]string{l.Binary, "--log_format=text", "--summary_file=" + summary}, l.Flags...)
	if l.Unprivileged && os.Getuid() == 0 {
		args = append([]string{"setpriv", "--bounding-set=-all", "--inh-caps=-all"}, args...)
	}
	cmd := exec.Command(args[0], args[1:]...)
	cmd.Dir, cmd.Env = l.Dir, append(os.Environ(), l.Env...)
	return cmd
}

// Process is one run of the program. Its methods may be called from any goroutine, except those that take a testing.TB.
type Process struct {
	// Dir is where it runs, and where the dead letters are of a pipeline without a warehouse.
	Dir string

	cmd     *exec.Cmd
	log     LogBuffer
	summary string
	started time.Time
	exited  chan struct{} // closed when it is gone, and log and state are complete
	peak    atomic.Int64
}

// Exit is how a process ended.
type Exit struct {
	Code   int            // -1 when a signal ended it
	Signal syscall.Signal // 0 when it exited by itself
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

// StartCommand starts any other program; it has no Summary. It is killed with the test if it still runs.
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

// PID is its process id.
func (p *Process) PID() int { return p.cmd.Process.Pid }

// Started is when it was started.
func (p *Process) Started() time.Time { return p.started }

// Log is what it has written so far.
func (p *Process) Log() string { return p.log.String() }

// Exited is closed when it is gone.
func (p *Process) Exited() <-chan struct{} { return p.exited }

// Running reports whether it is there.
func (p *Process) Running() bool {
	select {
	case <-p.exited:
		return false
	default:
		return true
	}
}

// Signal sends it a signal. One that is gone gets none, which is no error.
func (p *Process) Signal(sig os.Signal) error {
	if err := p.cmd.Process.Signal(sig); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("send %v to process %d: %w", sig, p.PID(), err)
	}
	return nil
}

// Kill ends it as kill -9 does, and waits until it is gone.
func (p *Process) Kill() {
	_ = p.cmd.Process.Kill() // an error means that it is gone already
	<-p.exited
}

// Wait waits until it is gone. The error says that it is not in time; it holds the log.
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

// Stop tells it to drain (SIGTERM) and waits until it is gone. The error says that it was not in time or that its exit code is
// not 0; it holds the log.
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

// Summary reads its --summary_file, which it writes every 10 seconds and at the end.
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

// PeakMemory is the most memory it had at any time, resident, in bytes. It is 0 where the system does not tell.
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

// Memory is what a process has in memory, in bytes.
type Memory struct {
	Resident int64
	Peak     int64 // of Resident, since it started
}
