package kubernetes

import (
	"bytes"
	"crypto/rand"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
)

// patience is how long a test waits for something that must happen.
const patience = time.Minute

// TestRunsOutside runs Redis and the pipeline with the commands, options, variables and probes of
// streamlytics.yaml as processes of this machine. It replaces ports, folders, the server of
// Pub/Sub, and BigQuery by a folder.
func TestRunsOutside(t *testing.T) {
	m, dir, password := load(t), t.TempDir(), rand.Text()
	redisAddr, pubsubAddr, metricsAddr := freeAddr(t), freeAddr(t), freeAddr(t)
	_, redisPort, _ := net.SplitHostPort(redisAddr)
	local := strings.NewReplacer(
		"/run/secrets/streamlytics-redis/password", filepath.Join(dir, "password"),
		"/etc/redis/redis.conf", filepath.Join(dir, "redis.conf"),
		"dir /data", "dir "+dir+"\nbind 127.0.0.1\nport "+redisPort,
		"redis-cli", "redis-cli -p "+redisPort, m.access.Name+":6379", redisAddr,
		"/etc/streamlytics/streamlytics.yaml", filepath.Join(dir, "streamlytics.yaml"), `":9464"`, `"`+metricsAddr+`"`,
		"PROJECT", "local")
	options := local.Replace(m.config.Data["streamlytics.yaml"])
	for name, text := range map[string]string{
		"password": password, "redis.conf": local.Replace(m.redisConfig.Data["redis.conf"]), "all.yaml": options,
		"streamlytics.yaml": strings.Replace(options, "bigquery_dataset: retail", "warehouse_dir: "+dir, 1),
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	streamlytics := program(t)
	command(t, streamlytics, "check", "--print_config", "--config="+filepath.Join(dir, "all.yaml"))

	container := m.redis.Spec.Template.Spec.Containers[0]
	redis := start(t, nil, each(local, container.Command)...)
	ping := each(local, container.ReadinessProbe.Exec.Command)
	redis.await(t, "Redis answers", func() error { return exec.Command(ping[0], ping[1:]...).Run() })
	if out, err := exec.Command("redis-cli", "-p", redisPort, "-e", "ping").CombinedOutput(); err == nil {
		t.Errorf("Redis answers without a password: %s", out)
	}
	line, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", redis.cmd.Process.Pid))
	if err == nil && bytes.Contains(line, []byte(password)) { // err: this is not Linux
		t.Error("the command line of Redis has the password")
	}

	start(t, nil, streamlytics, "pubsub", "serve", "--addr="+pubsubAddr)
	t.Setenv("PUBSUB_EMULATOR_HOST", pubsubAddr)
	command(t, streamlytics, "pubsub", "setup", "--project=local", "--wait="+patience.String())

	container = m.pipeline.Spec.Template.Spec.Containers[0]
	pipeline := start(t, container.Env, append([]string{streamlytics}, each(local, container.Args)...)...)
	for _, probe := range []*corev1.Probe{container.StartupProbe, container.LivenessProbe, container.ReadinessProbe} {
		if probe.HTTPGet.Port.StrVal != container.Ports[0].Name {
			t.Errorf("a probe asks port %v", probe.HTTPGet.Port)
		}
		url := "http://" + metricsAddr + probe.HTTPGet.Path
		pipeline.await(t, url, func() error { return get(t, url) })
	}
	command(t, append([]string{streamlytics, "check"}, each(local, container.Args)...)...) // as README.md does
	pipeline.stop(t, drain)
	redis.stop(t, patience)
}

// freeAddr returns a free address of this machine.
func freeAddr(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// program returns the path of the program, in the folder that TEST_PROGRAMS names or else built
// here.
func program(t *testing.T) string {
	t.Helper()
	if path := filepath.Join(os.Getenv("TEST_PROGRAMS"), "streamlytics"); filepath.IsAbs(path) {
		return path
	}
	path := filepath.Join(t.TempDir(), "streamlytics")
	command(t, "go", "build", "-C=../..", "-trimpath", "-buildvcs=false", "-ldflags=-s -w", "-o="+path,
		"./cmd/streamlytics")
	return path
}

// command runs a command to its end.
func command(t *testing.T, args ...string) {
	t.Helper()
	if out, err := exec.CommandContext(t.Context(), args[0], args[1:]...).CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", strings.Join(args, " "), err, out)
	}
}

func each(r *strings.Replacer, words []string) []string {
	var replaced []string
	for _, word := range words {
		replaced = append(replaced, r.Replace(word))
	}
	return replaced
}

// get returns an error unless a GET is answered with status 200.
func get(t *testing.T, url string) error {
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, http.NoBody)
	if err != nil {
		return err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err == nil && response.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %s", response.Status, text)
	}
	return err
}

// process is a running process.
type process struct {
	cmd   *exec.Cmd
	log   string // the file with its output
	ended chan struct{}
}

// start starts a process, which ends with the test.
func start(t *testing.T, env []corev1.EnvVar, args ...string) *process {
	t.Helper()
	p := &process{cmd: exec.Command(args[0], args[1:]...), ended: make(chan struct{})}
	log, err := os.Create(filepath.Join(t.TempDir(), "log"))
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	p.log, p.cmd.Stdout, p.cmd.Stderr, p.cmd.Env = log.Name(), log, log, os.Environ()
	for _, variable := range env {
		p.cmd.Env = append(p.cmd.Env, variable.Name+"="+variable.Value)
	}
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() { _ = p.cmd.Wait(); close(p.ended) }()
	t.Cleanup(func() { _ = p.cmd.Process.Kill(); <-p.ended })
	return p
}

// await waits until a condition has no error.
func (p *process) await(t *testing.T, what string, condition func() error) {
	t.Helper()
	deadline := time.After(patience)
	for {
		err := condition()
		if err == nil {
			return
		}
		select {
		case <-p.ended:
			t.Fatalf("%s: the process ended: %v\n%s", what, p.cmd.ProcessState, read(t, p.log))
		case <-deadline:
			t.Fatalf("%s: not within %v: %v\n%s", what, patience, err, read(t, p.log))
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// stop ends a process with SIGTERM, as Kubernetes does, and checks that it ends well in time.
func (p *process) stop(t *testing.T, within time.Duration) {
	t.Helper()
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	select {
	case <-p.ended:
		if !p.cmd.ProcessState.Success() {
			t.Errorf("%s: %v\n%s", p.cmd, p.cmd.ProcessState, read(t, p.log))
		}
	case <-time.After(within):
		t.Errorf("%s: it does not end within %v\n%s", p.cmd, within, read(t, p.log))
	}
}
