// Package redistest runs real redis-server processes for tests: one server, one behind TLS, or a
// small cluster. Servers listen on free ports of 127.0.0.1, keep their files in the test's
// temporary directory, and end with the test.
//
// All methods report failure through the test, so they must be called from the test's own
// goroutine. Without redis-server on the PATH the test fails.
package redistest

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

// startTimeout is how long a server may take to become ready, and stopTimeout how long it may take
// to end.
const (
	startTimeout = 20 * time.Second
	stopTimeout  = 10 * time.Second
)

// Server is one redis-server process.
type Server struct {
	// Addr is the host:port. It is the same after Stop and Restart.
	Addr string

	tb   testing.TB
	args []string
	dir  string
	proc *process // nil while stopped
}

// process is a process of a server, which has a new one after a restart.
type process struct {
	cmd    *exec.Cmd
	log    *logBuffer
	exited chan struct{} // closed when the process is gone and its log is complete
}

// Start starts a server. It keeps nothing on disk unless args (options of redis-server, such as
// "--appendonly", "yes") change that. Start returns when the server accepts connections.
func Start(tb testing.TB, args ...string) *Server {
	tb.Helper()
	return startOnFreePort(tb, func(port int) []string {
		return append([]string{"--port", strconv.Itoa(port)}, args...)
	})
}

// startOnFreePort starts a server. It tries several ports, because another process can take a free
// port before the server binds it.
func startOnFreePort(tb testing.TB, args func(port int) []string) *Server {
	tb.Helper()
	if _, err := exec.LookPath("redis-server"); err != nil {
		tb.Fatalf("this test needs redis-server on the PATH: %v", err)
	}
	dir := tb.TempDir()
	const attempts = 5
	for attempt := 1; ; attempt++ {
		port := freePort(tb)
		s := &Server{
			Addr: net.JoinHostPort("127.0.0.1", strconv.Itoa(port)),
			tb:   tb,
			args: append([]string{"--bind", "127.0.0.1", "--save", "", "--dir", dir, "--loglevel", "notice"},
				args(port)...),
			dir: dir,
		}
		err := s.start()
		if err == nil {
			tb.Cleanup(s.kill)
			return s
		}
		if attempt == attempts || !strings.Contains(err.Error(), "Address already in use") {
			tb.Fatal(err)
		}
	}
}

func freePort(tb testing.TB) int {
	tb.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatalf("find a free port: %v", err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

func (s *Server) start() error {
	p := &process{cmd: exec.Command("redis-server", s.args...), log: newLogBuffer(), exited: make(chan struct{})}
	p.cmd.Stdout, p.cmd.Stderr = p.log, p.log
	p.cmd.SysProcAttr = endWithParent()
	if err := p.cmd.Start(); err != nil {
		return fmt.Errorf("start redis-server: %w", err)
	}
	go func() {
		_ = p.cmd.Wait() // how it ended is in its log
		close(p.exited)
	}()
	timeout := time.NewTimer(startTimeout)
	defer timeout.Stop()
	select {
	case <-p.log.ready:
		s.proc = p
		return nil
	case <-p.exited:
		return fmt.Errorf("redis-server ended at once:\n%s", p.log)
	case <-timeout.C:
		_ = p.cmd.Process.Kill()
		<-p.exited
		return fmt.Errorf("redis-server was not ready within %v:\n%s", startTimeout, p.log)
	}
}

// Stop ends the server and waits until it has ended. Its data are lost unless its options keep them
// on disk. Stop does nothing to a stopped server.
func (s *Server) Stop() {
	s.tb.Helper()
	p := s.proc
	if p == nil {
		return
	}
	s.signal(syscall.SIGCONT)
	s.signal(syscall.SIGTERM)
	timeout := time.NewTimer(stopTimeout)
	defer timeout.Stop()
	select {
	case <-p.exited:
		s.proc = nil
	case <-timeout.C:
		s.kill()
		s.tb.Fatalf("redis-server did not end within %v:\n%s", stopTimeout, p.log)
	}
}

// Kill ends the server as kill -9 does.
func (s *Server) Kill() { s.kill() }

func (s *Server) kill() {
	p := s.proc
	if p == nil {
		return
	}
	_ = p.cmd.Process.Kill() // an error means that it is gone already
	<-p.exited
	s.proc = nil
}

// Restart starts the server again on its address. It stops it before if it still runs.
func (s *Server) Restart() {
	s.tb.Helper()
	s.Stop()
	if err := s.start(); err != nil {
		s.tb.Fatal(err)
	}
}

// Pause makes the server hang: the kernel accepts connections, and nothing answers.
func (s *Server) Pause() { s.tb.Helper(); s.signal(syscall.SIGSTOP) }

// Resume ends a Pause.
func (s *Server) Resume() { s.tb.Helper(); s.signal(syscall.SIGCONT) }

func (s *Server) signal(sig os.Signal) {
	s.tb.Helper()
	if s.proc == nil {
		s.tb.Fatalf("redis-server at %s does not run", s.Addr)
	}
	if err := s.proc.cmd.Process.Signal(sig); err != nil {
		s.tb.Fatalf("send %v to redis-server at %s: %v", sig, s.Addr, err)
	}
}

// Client returns a new client of the server that is closed with the test. It does not work for
// servers with TLS or passwords.
func (s *Server) Client() *redis.Client {
	c := redis.NewClient(&redis.Options{Addr: s.Addr})
	s.tb.Cleanup(func() { _ = c.Close() })
	return c
}
