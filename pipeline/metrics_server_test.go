package pipeline

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/beamlytics/streamlytics/sources/pubsub"
	"github.com/beamlytics/streamlytics/test/redistest"
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

// TestMaxScrapes checks that more than maxScrapes scrapes at once are refused.
func TestMaxScrapes(t *testing.T) {
	s := slow{asked: make(chan struct{}), proceed: make(chan struct{})}
	registry := prometheus.NewRegistry()
	registry.MustRegister(s)
	never := func() string { return "" }
	server := httptest.NewServer(metricsHandler(registry, never, never))
	defer server.Close()
	var answers sync.WaitGroup
	for range maxScrapes {
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

// TestMetricsPortTaken checks that the start fails before it connects to Redis.
func TestMetricsPortTaken(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	redis, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	o := DefaultOptions()
	o.POSSubscription, o.RedisAddrs, o.MetricsAddr = "projects/p/subscriptions/s",
		redis.Addr().String(), taken.Addr().String()
	p, err := New(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	asked := make(chan bool)
	go func() {
		c, err := redis.Accept()
		if err == nil {
			c.Close()
		}
		asked <- err == nil
	}()
	if err := p.Run(t.Context()); err == nil ||
		!strings.Contains(err.Error(), "--metrics_addr: listen tcp "+o.MetricsAddr) {
		t.Errorf("the start ends with %v", err)
	}
	redis.Close()
	if <-asked {
		t.Error("Redis was asked")
	}
}

// TestMetricsPortClosed checks that the port is closed after each end of a run: a start that fails,
// a job that ends by itself, a drain, a failure.
func TestMetricsPortClosed(t *testing.T) {
	rdb := redistest.Start(t)
	lines := t.TempDir() + "/events.jsonl"
	write(t, lines, `{"event_id":"1","type":"SALE","store_id":"1","product_id":"2","quantity":1,`+
		`"occurred_at":`+fmt.Sprint(time.Now().UnixMilli())+"}\n")
	refusing, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	refusing.Close() // nobody is there
	for name, run := range map[string]struct {
		change func(*Options)
		end    func(serving) error
	}{
		"Redis is not there": {func(o *Options) { o.RedisAddrs = refusing.Addr().String() }, func(s serving) error {
			if s.wait() == nil {
				return errors.New("the start did not fail")
			}
			return nil
		}},
		"the input ends": {func(o *Options) {
			o.POSSubscription, o.ECOMSubscription, o.WMSSubscription, o.EventsFiles = "", "", "", lines
		}, func(s serving) error { return s.wait() }},
		"it drains": {func(*Options) {}, func(s serving) error {
			s.works()
			s.cancel()
			return s.wait()
		}},
		"it fails": {func(*Options) {}, func(s serving) error {
			s.works()
			s.env.Fail(errors.New("the test says so"))
			if err := s.wait(); err == nil || !strings.Contains(err.Error(), "the test says so") {
				return fmt.Errorf("it ended with %w", err)
			}
			return nil
		}},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHarness(t)
			h.options.RedisAddrs, h.options.MetricsAddr = rdb.Addr, "127.0.0.1:0"
			run.change(&h.options)
			p, err := New(t.Context(), h.options)
			if err != nil {
				t.Fatal(err)
			}
			told, tell := io.Pipe()
			p.Notices = tell
			ctx, cancel := context.WithCancel(t.Context())
			h.publish("pos", []byte(`{"event_id":"1","type":"SALE","store_id":"1","product_id":"1","quantity":1,`+
				`"occurred_at":1795778500000}`), nil)
			s := serving{h: h, running: &running{Pipeline: p, t: t, cancel: cancel, finished: make(chan error, 1)}}
			t.Cleanup(cancel)
			go func() { s.finished <- p.Run(ctx) }()
			var line string
			if _, err := fmt.Fscanf(told, "metrics at %s\n", &line); err != nil {
				t.Fatal(err)
			}
			go func() { _, _ = io.Copy(io.Discard, told) }() // what is read and written
			s.url = strings.TrimSuffix(line, "/metrics")
			go func() { _, _ = io.Copy(io.Discard, told) }() // what else is noticed
			if err := run.end(s); err != nil {
				t.Fatal(err)
			}
			l, err := net.Listen("tcp", strings.TrimPrefix(s.url, "http://"))
			if err != nil {
				t.Fatalf("the port is not free: %v", err)
			}
			l.Close()
		})
	}
}

// serving is a running pipeline that serves its metrics.
type serving struct {
	*running
	h   *harness
	url string
}

// works waits until it is ready and has acknowledged what was published.
func (s serving) works() {
	s.t.Helper()
	until(s.t, "it works", func() bool {
		status, _ := fetch(s.t, http.MethodGet, s.url+"/readyz")
		acked, _ := s.h.settled()
		return status == http.StatusOK && acked == s.h.published
	})
}
