package serve

import (
	"bufio"
	"maps"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/beamlytics/streamlytics/config"
	"github.com/beamlytics/streamlytics/signal"
	"github.com/beamlytics/streamlytics/sinks/redis"
	"github.com/beamlytics/streamlytics/test/redistest"
	"github.com/beamlytics/streamlytics/test/rig"
	"github.com/beamlytics/streamlytics/tools/serve"
)

func TestMain(m *testing.M) { os.Exit(rig.Main(m)) }

// patience is how long a test waits for something that must happen.
const patience = time.Minute

// serving matches the line of the log with the address.
var serving = regexp.MustCompile(`serving signals at (http://[0-9.:]+)`)

// start starts streamlytics serve and returns its URL.
func start(t *testing.T, flags ...string) (p *rig.Process, url string) {
	t.Helper()
	cmd := rig.Command(t, append([]string{"serve", "--addr=0", "--log_format=text"}, flags...)...)
	cmd.Dir = t.TempDir()
	p = rig.StartCommand(t, cmd)
	await(t, p, "it serves", func() bool { return serving.MatchString(p.Log()) })
	return p, serving.FindStringSubmatch(p.Log())[1]
}

func await(t *testing.T, p *rig.Process, what string, condition func() bool) {
	t.Helper()
	if err := p.Await(what, patience, condition); err != nil {
		t.Fatal(err)
	}
}

// get returns the status and the body of an answer, or 0 without one.
func get(url string) (int, string) {
	status, body, err := rig.Get(url)
	if err != nil {
		return 0, ""
	}
	return status, body
}

// example fills a Redis with the example of the README, and with a velocity of now.
func example(t *testing.T) *redistest.Server {
	t.Helper()
	server := redistest.Start(t)
	day, err := filepath.Abs("../../../examples/day")
	if err != nil {
		t.Fatal(err)
	}
	p := rig.Start(t, rig.Launch{Flags: []string{"--events_files=" + day + "/events.jsonl",
		"--wms_files=" + day + "/warehouse.csv", "--redis_addrs=" + server.Addr}})
	if exit, err := p.Wait(patience); err != nil || exit != (rig.Exit{}) {
		t.Fatalf("%v, %v\n%s", exit, err, p.Log())
	}
	sink, err := redis.Open(redis.Config{Addrs: []string{server.Addr}}, redis.Stats{})
	if err != nil {
		t.Fatal(err)
	}
	defer sink.Close()
	v := signal.Velocity{StoreID: "12", ProductID: "555", Window: signal.WindowHour, UnitsHour: 11, UnitsDay: 11,
		HighDemand: true, AsOf: time.Now().UnixMilli()}
	never := func(signal.Velocity) time.Time { return time.Time{} }
	if err := sink.WriteVelocity(t.Context(), []signal.Velocity{v}, never); err != nil {
		t.Fatal(err)
	}
	return server
}

// TestServe checks answers of the program, and that SIGTERM ends it with all streams.
func TestServe(t *testing.T) {
	p, url := start(t, "--redis_addrs="+example(t).Addr)
	status, body := get(url + "/v1/stores/12/products/555")
	if status != http.StatusOK || !strings.Contains(body, `"stock":{"on_hand":4,"known":true,"barrier":1795759200000,`) ||
		!strings.HasSuffix(body, `"badges":["HIGH_DEMAND","LOW_STOCK"]}`) {
		t.Errorf("%d %s", status, body)
	}
	if status, body := get(url + "/nothing"); status != http.StatusNotFound || !strings.Contains(body, "about:blank") {
		t.Errorf("/nothing: %d %s", status, body)
	}
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url+"/v1/stream?product=555&store=12", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	stream, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer stream.Body.Close()
	lines := bufio.NewScanner(stream.Body)
	for lines.Scan() && !strings.HasPrefix(lines.Text(), "data: ") {
	}
	if lines.Text() != "data: "+body {
		t.Errorf("the stream begins with %s (%v), and GET has %s", lines.Text(), lines.Err(), body)
	}
	if err := p.Stop(10 * time.Second); err != nil {
		t.Error(err)
	}
	var rest []string
	for lines.Scan() {
		rest = append(rest, lines.Text())
	}
	if end := strings.Join(rest, "\n"); lines.Err() != nil || !strings.HasSuffix(end, "event: end\ndata: {\"reason\":\"shutdown\"}\n") {
		t.Errorf("the stream ends with %q, %v", end, lines.Err())
	}
	if n := strings.Count(p.Log(), "\n"); n != 2 || !strings.Contains(p.Log(), `msg="stopped serving signals"`) {
		t.Errorf("the log is\n%s", p.Log())
	}
}

// TestRedisAway checks that the program starts without Redis, and is ready when Redis is there.
func TestRedisAway(t *testing.T) {
	server := redistest.Start(t)
	server.Stop()
	p, url := start(t, "--redis_addrs="+server.Addr)
	if status, body := get(url + "/readyz"); status != http.StatusServiceUnavailable || body != "Redis does not answer\n" {
		t.Errorf("/readyz: %d %s", status, body)
	}
	if status, body := get(url + "/healthz"); status != http.StatusOK || body != "ok\n" {
		t.Errorf("/healthz: %d %s", status, body)
	}
	server.Restart()
	await(t, p, "it is ready", func() bool { _, body := get(url + "/readyz"); return body == "ready\n" })
	if err := p.Stop(patience); err != nil {
		t.Error(err)
	}
	if !strings.Contains(p.Log(), "signals cannot be read") || !strings.Contains(p.Log(), "connection refused") {
		t.Errorf("the log has nothing of the outage:\n%s", p.Log())
	}
}

// TestDocument compares the options and metrics of the program with docs/OPERATIONS.md.
func TestDocument(t *testing.T) {
	page, err := os.ReadFile("../../../docs/OPERATIONS.md")
	if err != nil {
		t.Fatal(err)
	}
	o := serve.DefaultOptions()
	for row := range strings.Lines(config.NewSet(o.Flags()[0]).Table()) {
		if strings.HasPrefix(row, "| `--") && !strings.Contains(string(page), row) {
			t.Errorf("docs/OPERATIONS.md does not have the row\n%s", row)
		}
	}
	_, url := start(t)
	get(url + "/v1/products/1") // the metrics of requests begin with the first
	_, metrics := get(url + "/metrics")
	exposed, listed := map[string]bool{}, map[string]bool{}
	for _, m := range regexp.MustCompile(`(?m)^# TYPE (streamlytics_\w+)`).FindAllStringSubmatch(metrics, -1) {
		exposed[m[1]] = true
	}
	for _, m := range regexp.MustCompile("`(streamlytics_api_\\w+)").FindAllStringSubmatch(string(page), -1) {
		listed[m[1]] = true
	}
	if len(exposed) == 0 || !maps.Equal(exposed, listed) {
		t.Errorf("the program has the metrics %v, and docs/OPERATIONS.md %v", exposed, listed)
	}
}

// TestStorefrontUser checks that the rights of a storefront in docs/SECURITY.md suffice.
func TestStorefrontUser(t *testing.T) {
	page, err := os.ReadFile("../../../docs/SECURITY.md")
	if err != nil {
		t.Fatal(err)
	}
	acl := regexp.MustCompile("(?m)^```acl storefront\n(.*)$").FindSubmatch(page)
	if acl == nil {
		t.Fatal("docs/SECURITY.md has no storefront's user")
	}
	server := example(t)
	var command []any
	for _, word := range strings.Fields(string(acl[1])) {
		command = append(command, word)
	}
	if err := server.Client().Do(t.Context(), command...).Err(); err != nil {
		t.Fatal(err)
	}
	t.Setenv("REDIS_PASSWORD", "PASSWORD")
	_, url := start(t, "--redis_addrs="+server.Addr, "--redis_username=storefront")
	if status, body := get(url + "/v1/stores/12/products/555"); status != http.StatusOK {
		t.Errorf("%d %s", status, body)
	}
}

// TestOptions checks that one message lists all options that are wrong.
func TestOptions(t *testing.T) {
	out, err := rig.Command(t, "serve", "--addr=there", "--cors_origins=shop.example,https://Shop.example,https://s.example/",
		"--max_streams=0", "--redis_addrs=there", "--redis_ca=/nothing", "--key_groups=1", "extra").CombinedOutput()
	if err == nil {
		t.Fatalf("it runs: %s", out)
	}
	for _, want := range []string{"--key_groups: unknown flag", `unexpected argument "extra"`, `--addr: "there"`,
		`--cors_origins: "shop.example"`, `--cors_origins: "https://Shop.example"`, `--cors_origins: "https://s.example/"`,
		"--max_streams: 0 ", `--redis_addrs: "there"`, "--redis_ca: open /nothing",
		"--redis_ca: needs --redis_tls"} {
		if !strings.Contains(string(out), want) {
			t.Errorf("no %s in\n%s", want, out)
		}
	}
	taken, url := start(t)
	out, err = rig.Command(t, "serve", "--addr="+strings.TrimPrefix(url, "http://")).CombinedOutput()
	if err == nil || !strings.Contains(string(out), "--addr: listen tcp") {
		t.Errorf("a second server at an address: %v\n%s", err, out)
	}
	if err := taken.Stop(patience); err != nil {
		t.Error(err)
	}
}

// TestSchemathesis holds the answers of the program to openapi.json.
func TestSchemathesis(t *testing.T) {
	p, url := start(t, "--redis_addrs="+example(t).Addr)
	if out, err := exec.CommandContext(t.Context(), "../../../scripts/schemathesis.sh", url).CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
	if err := p.Stop(patience); err != nil {
		t.Error(err)
	}
}
