package pipeline

import (
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/beamlytics/streamlytics/serving/api"
	"github.com/beamlytics/streamlytics/sources/pubsub"
)

// TestReadiness checks the line for each condition that keeps a pipeline from being ready.
func TestReadiness(t *testing.T) {
	p := register(t)
	server := httptest.NewServer(metricsHandler(prometheus.NewRegistry(), p.failed, p.notReady))
	defer server.Close()
	expect := func(path string, status int, want string) {
		t.Helper()
		gotStatus, got := fetch(t, http.MethodGet, server.URL+path)
		if gotStatus != status || got != want+"\n" {
			t.Errorf("%s: %d %q, want %d %q", path, gotStatus, got, status, want)
		}
	}
	p.env.Metrics.RedisAway.Store(true)
	p.env.BeginRestore(2)
	expect("/readyz", http.StatusServiceUnavailable, "starting")
	p.begun.Store(true)
	expect("/readyz", http.StatusServiceUnavailable, "restoring state: 2 keys are left\nRedis does not answer")
	p.env.KeyRestored()
	p.env.KeyRestored()
	expect("/readyz", http.StatusServiceUnavailable, "Redis does not answer")
	p.plan.subscriptions = []pubsub.Subscription{{Name: "projects/p/subscriptions/pos"}}
	expect("/readyz", http.StatusServiceUnavailable, "Redis does not answer\nprojects/p/subscriptions/pos cannot be "+
		"pulled from: not opened yet")
	p.plan.subscriptions = nil
	p.env.Metrics.RedisAway.Store(false)
	expect("/readyz", http.StatusOK, "ready")
	p.env.Stop()
	expect("/readyz", http.StatusServiceUnavailable, "draining")
	expect("/healthz", http.StatusOK, "ok")
	p.env.Fail(errors.New("the password is 1234"))
	for _, path := range []string{"/readyz", "/healthz"} {
		expect(path, http.StatusServiceUnavailable, "the pipeline has failed; its log has the error")
	}
	if status, _ := fetch(t, http.MethodPost, server.URL+"/metrics"); status != http.StatusMethodNotAllowed {
		t.Errorf("POST is answered with %d", status)
	}
	if status, _ := fetch(t, http.MethodGet, server.URL+"/debug/pprof/"); status != http.StatusNotFound {
		t.Errorf("profiles are there: %d", status)
	}
}

// slow is a collector that signals when it is collected, and waits.
type slow struct{ asked, proceed chan struct{} }

func (s slow) Describe(chan<- *prometheus.Desc) {}

func (s slow) Collect(chan<- prometheus.Metric) {
	s.asked <- struct{}{}
	<-s.proceed
}

// TestMaxScrapes checks that more than api.MaxScrapes scrapes at once are refused.
func TestMaxScrapes(t *testing.T) {
	s := slow{asked: make(chan struct{}), proceed: make(chan struct{})}
	registry := prometheus.NewRegistry()
	registry.MustRegister(s)
	never := func() string { return "" }
	server := httptest.NewServer(metricsHandler(registry, never, never))
	defer server.Close()
	var answers sync.WaitGroup
	for range api.MaxScrapes {
		answers.Go(func() {
			if status, _ := fetch(t, http.MethodGet, server.URL+"/metrics"); status != http.StatusOK {
				t.Errorf("a scrape in good time is answered with %d", status)
			}
		})
		<-s.asked
	}
	if status, _ := fetch(t, http.MethodGet, server.URL+"/metrics"); status != http.StatusServiceUnavailable {
		t.Errorf("one scrape too many is answered with %d", status)
	}
	if status, _ := fetch(t, http.MethodGet, server.URL+"/healthz"); status != http.StatusOK {
		t.Errorf("meanwhile /healthz is answered with %d", status)
	}
	close(s.proceed)
	answers.Wait()
}

// fetch sends a request. It may be called from any goroutine of the test.
func fetch(t *testing.T, method, url string) (status int, body string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, url, http.NoBody)
	if err != nil {
		t.Error(err)
		return 0, ""
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Error(err)
		return 0, ""
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Error(err)
	}
	return answer.StatusCode, string(text)
}

// TestServerPortTaken checks that the start fails before it connects to Redis, which is not there.
func TestServerPortTaken(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	addr := taken.Addr().String()
	for flag, set := range map[string]func(*Options){
		"metrics_addr": func(o *Options) { o.MetricsAddr = addr },
		"ui_addr":      func(o *Options) { o.UIAddr = addr },
	} {
		o := DefaultOptions()
		o.POSSubscription, o.Redis.Addrs = "projects/p/subscriptions/s", "127.0.0.1:1"
		set(&o)
		p, err := New(t.Context(), o)
		if err != nil {
			t.Fatal(err)
		}
		if err := p.Run(t.Context()); err == nil || !strings.Contains(err.Error(), "--"+flag+": listen tcp "+addr) {
			t.Errorf("the start ends with %v", err)
		}
	}
}
