package documents

import (
	"errors"
	"fmt"
	"maps"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/beamlytics/streamlytics/internal/loopback"
	"github.com/beamlytics/streamlytics/test/rig"
)

// patience is how long a test waits for something that must happen.
const patience = 2 * time.Minute

// outside runs services as processes of this machine.
type outside struct {
	t       *testing.T
	project project
	ports   map[string]string // local address of a service's port, by service:port
	folders map[string]string // local folder of a volume
}

func newOutside(t *testing.T) *outside {
	t.Helper()
	return &outside{t: t, project: loadStack(t), ports: map[string]string{}, folders: map[string]string{}}
}

// addr is where a service's port is here. Somebody else may take it before the service does, which then does not start.
func (o *outside) addr(service, port string) string {
	o.t.Helper()
	key := service + ":" + port
	if o.ports[key] == "" {
		free, err := loopback.FreePort()
		if err != nil {
			o.t.Fatal(err)
		}
		o.ports[key] = net.JoinHostPort("127.0.0.1", strconv.Itoa(free))
	}
	return o.ports[key]
}

var barePort = regexp.MustCompile(`^\d{4,5}$`)

// local is an argument or a variable of a service with this machine's addresses and folders in it.
func (o *outside) local(service, text string) string {
	o.t.Helper()
	hosts := regexp.MustCompile(`(\b(?:` + strings.Join(slices.Sorted(maps.Keys(o.project.Services)), "|") + `)|127\.0\.0\.1|0\.0\.0\.0|=):(\d+)\b`)
	text = hosts.ReplaceAllStringFunc(text, func(found string) string {
		parts := hosts.FindStringSubmatch(found)
		host, port := parts[1], parts[2]
		switch host {
		case "=": // on all addresses
			return "=" + o.addr(service, port)
		case "127.0.0.1", "0.0.0.0":
			return o.addr(service, port)
		}
		return o.addr(host, port)
	})
	if barePort.MatchString(text) {
		_, text, _ = net.SplitHostPort(o.addr(service, text))
	}
	for _, m := range o.project.Services[service].Volumes {
		if text == m.Target || strings.Contains(text, m.Target+"/") || strings.HasSuffix(text, "="+m.Target) {
			text = strings.Replace(text, m.Target, o.folder(m), 1)
		}
	}
	return text
}

func (o *outside) folder(m mount) string {
	if m.Type == "bind" {
		return m.Source
	}
	if o.folders[m.Source] == "" {
		o.folders[m.Source] = o.t.TempDir()
	}
	return o.folders[m.Source]
}

// command is a command of a service, for this machine. The image of our services has the program as
// its entry point.
func (o *outside) command(service string, words []string) *exec.Cmd {
	o.t.Helper()
	s := o.project.Services[service]
	var args []string
	for _, word := range words {
		args = append(args, o.local(service, word))
	}
	path := words[0]
	if s.Build != nil {
		path = rig.Binary(o.t)
	} else {
		args = args[1:]
	}
	cmd := exec.Command(path, args...)
	cmd.Dir, cmd.Env = o.t.TempDir(), os.Environ()
	for name, value := range s.Environment {
		cmd.Env = append(cmd.Env, name+"="+o.local(service, value))
	}
	return cmd
}

// run starts a service.
func (o *outside) run(service string) *rig.Process {
	o.t.Helper()
	return rig.StartCommand(o.t, o.command(service, o.project.Services[service].Command))
}

// start starts a service and waits until it works.
func (o *outside) start(service string) *rig.Process {
	o.t.Helper()
	p := o.run(service)
	var why string
	if err := p.Await(service+" works", patience, func() bool { why = o.unready(service); return why == "" }); err != nil {
		o.t.Fatalf("%v\nits last state: %s", err, why)
	}
	return p
}

// unready returns why a service does not work yet, or nothing. A service without a health check
// works when the pipeline is ready, and the simulator when it has saved its state.
func (o *outside) unready(service string) string {
	o.t.Helper()
	if check := health(o.project.Services[service]); check != nil {
		if out, err := o.command(service, check).CombinedOutput(); err != nil {
			return fmt.Sprintf("%v: %s", err, out)
		}
		return ""
	}
	if service == "pipeline" {
		status, body, err := rig.Get("http://" + o.addr("pipeline", "9464") + "/readyz")
		if err != nil || status != http.StatusOK {
			return fmt.Sprintf("%d %s, %v", status, body, err)
		}
		return ""
	}
	if _, err := os.Stat(filepath.Join(o.folders[service], "state.json")); err != nil {
		return err.Error()
	}
	return ""
}

// startPubSub starts our server in place of Google's emulator, which is a Java program that only its image has.
func (o *outside) startPubSub() *rig.Process {
	o.t.Helper()
	p := rig.StartCommand(o.t, exec.Command(rig.Binary(o.t), "pubsub", "serve", "--addr="+o.addr("pubsub", "8085")))
	if err := p.Await("Pub/Sub serves", patience, func() bool { return strings.Contains(p.Log(), "PUBSUB_EMULATOR_HOST=") }); err != nil {
		o.t.Fatal(err)
	}
	return p
}

// finish runs a service that ends, and returns its log.
func (o *outside) finish(service string) string {
	o.t.Helper()
	p := o.run(service)
	exit, err := p.Wait(patience)
	if err != nil || exit != (rig.Exit{}) {
		o.t.Fatalf("%s: %v, %v\n%s", service, exit, err, p.Log())
	}
	return p.Log()
}

func (o *outside) redis() *redis.Client {
	client := redis.NewClient(&redis.Options{Addr: o.addr("redis", "6379")})
	o.t.Cleanup(func() { _ = client.Close() })
	return client
}

// TestStackRunsOutside starts every service of ours and Redis with the commands, variables and
// health checks of docker-compose.yml, in its order, and waits for signals. Then it kills the
// pipeline and Redis and starts them again as Docker does. At the end Redis holds the simulator's
// truth.
func TestStackRunsOutside(t *testing.T) {
	t.Parallel()
	o := newOutside(t)
	pubsub := o.startPubSub()
	store := o.start("redis")
	// The pipeline ends where there are no subscriptions: this is why it waits for setup.
	early := o.run("pipeline")
	if exit, err := early.Wait(patience); err != nil || exit.Code != 1 || !strings.Contains(early.Log(), "not found (streamlytics pubsub setup") {
		t.Fatalf("without subscriptions: %v, %v\n%s", exit, err, early.Log())
	}
	t.Logf("without subscriptions the pipeline ended after %v", time.Since(early.Started()).Round(10*time.Millisecond))
	if said := o.finish("setup"); strings.Count(said, " created\n") != 12 {
		t.Errorf("setup says\n%s", said)
	}
	if said := o.finish("setup"); strings.Count(said, " unchanged\n") != 12 {
		t.Errorf("once more, setup says\n%s", said)
	}
	pipeline := o.start("pipeline")
	trade := o.start("simulator")
	rdb := o.redis()
	await := func(p *rig.Process, what string, condition func() bool) {
		t.Helper()
		if err := p.Await(what, patience, condition); err != nil {
			t.Fatal(err)
		}
	}
	signals := func(pattern string) int {
		keys, err := rdb.Keys(t.Context(), pattern).Result()
		if err != nil {
			return 0
		}
		return len(keys)
	}
	// 20 shops and the web shop have 200 products each. All but two shops, and all but the web shop's newest listings, are counted at
	// the start.
	await(pipeline, "stock is in Redis", func() bool { return signals("stock:global:*") == 200 && signals("stock:*") >= 200+19*200-4 })
	await(pipeline, "velocity is in Redis", func() bool { return signals("velocity:global:*") > 0 })
	_, text, err := rig.Get("http://" + o.addr("pipeline", "9464") + "/metrics")
	if err != nil || !regexp.MustCompile(`(?m)^streamlytics_\w*acked\w* [1-9]`).MatchString(text) {
		t.Errorf("the metrics do not count what was acknowledged: %v\n%s", err, text)
	}

	pipeline.Kill()
	pipeline = o.start("pipeline")
	store.Kill()
	o.start("redis")
	ready := func() bool { return o.unready("pipeline") == "" }
	if err := rig.Until("the pipeline is ready again", patience, ready); err != nil {
		t.Fatalf("%v\n%s", err, pipeline.Log())
	}
	if err := trade.Stop(time.Duration(o.project.Services["simulator"].StopGrace)); err != nil {
		t.Fatal(err)
	}
	truth := filepath.Join(o.folders["simulator"], "truth.json")
	check := exec.CommandContext(t.Context(), rig.Binary(t),
		"simulate", "--check_truth="+truth, "--check_redis="+o.addr("redis", "6379"))
	if said, err := check.CombinedOutput(); err != nil || !strings.Contains(string(said), ", wrong: 0, missing: 0") {
		t.Errorf("%v\n%s", err, said)
	} else {
		t.Logf("%s", said)
	}
	if err := pipeline.Stop(time.Duration(o.project.Services["pipeline"].StopGrace)); err != nil {
		t.Error(err)
	}
	if err := pubsub.Stop(patience); err != nil {
		t.Error(err)
	}
	for _, want := range []string{"warehouse/events", "summary.json"} {
		if _, err := os.Stat(filepath.Join(o.folders["pipeline"], want)); errors.Is(err, os.ErrNotExist) {
			t.Errorf("the pipeline's volume has no %s", want)
		}
	}
}
