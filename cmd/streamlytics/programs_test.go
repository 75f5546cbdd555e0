package main

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// built holds the programs that tests run, by the name of their command.
var built = struct {
	dir string
	mu  sync.Mutex
	got map[string]string
}{got: map[string]string{}}

func TestMain(m *testing.M) {
	var err error
	if built.dir, err = os.MkdirTemp("", "streamlytics-test-"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	code := m.Run()
	os.RemoveAll(built.dir)
	os.Exit(code)
}

// build builds a command of this project, once for all tests.
func build(t *testing.T, name string) (path string) {
	t.Helper()
	built.mu.Lock()
	defer built.mu.Unlock()
	if path := built.got[name]; path != "" {
		return path
	}
	path = filepath.Join(built.dir, name)
	if out, err := exec.Command("go", "build", "-o", path, "../"+name).CombinedOutput(); err != nil {
		t.Fatalf("build %s: %v\n%s", name, err, out)
	}
	built.got[name] = path
	return path
}

// prismProcess is a Prism that runs as a process of its own.
type prismProcess struct {
	endpoint string // the flag by which a pipeline finds it
	cmd      *exec.Cmd
	log      *lockedBuffer
	exited   chan struct{} // closed when the process is gone
}

// startPrism starts a Prism and returns when it serves. It ends with the test.
func startPrism(t *testing.T) *prismProcess {
	t.Helper()
	p := &prismProcess{cmd: exec.Command(build(t, "prism"), "--job_port=0"), log: &lockedBuffer{}, exited: make(chan struct{})}
	p.cmd.Stderr = p.log
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.kill)
	line, err := bufio.NewReader(out).ReadString('\n')
	go func() {
		_ = p.cmd.Wait() // how it ended is of no interest: it is killed
		close(p.exited)
	}()
	if p.endpoint = strings.TrimSpace(line); err != nil || !strings.HasPrefix(p.endpoint, "--endpoint=") {
		t.Fatalf("prism says %q: %v\n%s", line, err, p.log)
	}
	return p
}

// kill ends it as kill -9 does, and returns when it is gone.
func (p *prismProcess) kill() {
	_ = p.cmd.Process.Kill() // it may have ended
	<-p.exited
}

// lives reports whether it has not ended by itself.
func (p *prismProcess) lives() bool {
	select {
	case <-p.exited:
		return false
	default:
		return true
	}
}

// lockedBuffer is what a process has written so far. It is safe for concurrent use.
type lockedBuffer struct {
	mu   sync.Mutex
	text strings.Builder
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}
