package api

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/beamlytics/streamlytics/serving"
	"github.com/beamlytics/streamlytics/signal"
	sink "github.com/beamlytics/streamlytics/sinks/redis"
	"github.com/beamlytics/streamlytics/test/redistest"
)

// shop is a server of signals in a Redis of its own.
type shop struct {
	*httptest.Server
	t     *testing.T
	api   *Server
	redis *redistest.Server
	sink  *sink.Sink
}

// open starts a shop.
func open(t *testing.T, o Options) *shop {
	t.Helper()
	s := &shop{t: t, redis: redistest.Start(t)}
	rdb, err := sink.NewClient(sink.Config{Addrs: []string{s.redis.Addr}})
	if err != nil {
		t.Fatal(err)
	}
	o.Client = serving.NewClient(rdb, nil)
	if o.MaxStreams == 0 {
		o.MaxStreams = 2000
	}
	if s.sink, err = sink.Open(sink.Config{Addrs: []string{s.redis.Addr}}, sink.Stats{}); err != nil {
		t.Fatal(err)
	}
	s.api = New(o)
	s.Server = httptest.NewServer(s.api)
	t.Cleanup(func() {
		s.api.Close()
		s.Server.Close()
		s.sink.Close()
		rdb.Close()
	})
	return s
}

// stock writes the stock of a product, as the pipeline does.
func (s *shop) stock(store, product string, onHand, version int64) {
	s.t.Helper()
	if err := s.sink.WriteStock(s.t.Context(), []signal.Stock{{StoreID: store, ProductID: product, OnHand: onHand,
		Version: version, Known: true, Barrier: 1795759200000, AsOf: 1795780800061}}); err != nil {
		s.t.Fatal(err)
	}
}

// velocity writes the velocity of a product, as of now.
func (s *shop) velocity(store, product string, units int64) {
	s.t.Helper()
	if err := s.sink.WriteVelocity(s.t.Context(), []signal.Velocity{{StoreID: store, ProductID: product,
		Window: signal.WindowHour, UnitsHour: units, UnitsDay: units, HighDemand: true, AsOf: time.Now().UnixMilli()}},
		func(signal.Velocity) time.Time { return time.Time{} }); err != nil {
		s.t.Fatal(err)
	}
}

// answer is an answer to a request.
type answer struct {
	status int
	header http.Header
	body   string
}

// do sends a request. header has names and values in turn.
func (s *shop) do(method, path, body string, header ...string) answer {
	s.t.Helper()
	r, err := http.NewRequestWithContext(s.t.Context(), method, s.URL+path, strings.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	a, err := http.DefaultTransport.RoundTrip(r) // follows no redirect
	if err != nil {
		s.t.Fatal(err)
	}
	defer a.Body.Close()
	text, err := io.ReadAll(a.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return answer{a.StatusCode, a.Header, string(text)}
}

// isProblem reports whether an answer is a problem of its own status.
func (a answer) isProblem() bool {
	var p struct {
		Type, Title, Detail string
		Status              int
	}
	return json.Unmarshal([]byte(a.body), &p) == nil && a.header.Get("Content-Type") == "application/problem+json" &&
		p.Type == "about:blank" && p.Status == a.status && p.Title == http.StatusText(a.status) && p.Detail != ""
}

// TestProduct checks the answers with one signal, and those that say why there is none.
func TestProduct(t *testing.T) {
	s := open(t, Options{})
	s.stock("12", "555", 4, 1795450795503757)
	s.stock("", "555", 204, 7)
	s.velocity("12", "555", 11)
	for _, id := range []string{"gid://shop/Product/7", "..", "a+b", "ABC 12", "Hemd grün", "%2F", "a//b", "?",
		"1:2"} {
		s.stock("a/b", id, 1, 1)
	}
	for path, want := range map[string]string{
		"/v1/products/555": `{"product_id":"555","stock":{"on_hand":204,"known":true,"barrier":1795759200000,` +
			`"as_of":1795780800061,"version":7,"badge":null},"velocity":null,"badges":[]}`,
		"/v1/stores/12/products/555":                               `"version":1795450795503757,"badge":null},"vel`,
		"/v1/stores/a%2Fb/products/gid%3A%2F%2Fshop%2FProduct%2F7": `"product_id":"gid://shop/Product/7"`,
		"/v1/stores/a%2Fb/products/%2E%2E":                         `{"store_id":"a/b","product_id":"..",`,
		"/v1/stores/a%2Fb/products/a+b":                            `"product_id":"a+b"`,
		"/v1/stores/a%2Fb/products/a%2Bb":                          `"product_id":"a+b"`,
		"/v1/stores/a%2Fb/products/ABC%2012":                       `"product_id":"ABC 12"`,
		"/v1/stores/a%2Fb/products/Hemd%20gr%C3%BCn":               `"product_id":"Hemd grün"`,
		"/v1/stores/a%2Fb/products/%252F":                          `"product_id":"%2F"`,
		"/v1/stores/a%2Fb/products/a%2F%2Fb":                       `"product_id":"a//b"`,
		"/v1/stores/a%2Fb/products/%3F":                            `"product_id":"?"`,
		"/v1/stores/a%2Fb/products/1%3A2":                          `"product_id":"1:2"`,
	} {
		a := s.do(http.MethodGet, path, "")
		if a.status != http.StatusOK || !strings.Contains(a.body, want) ||
			a.header.Get("Cache-Control") != "no-cache" || a.header.Get("Content-Type") != "application/json" {
			t.Errorf("%s: %d %v\n%s\nwant %s", path, a.status, a.header, a.body, want)
		}
	}
	for path, status := range map[string]int{
		"/v1/products/556":                         404,
		"/v1/stores/13/products/555":               404,
		"/v1/stores/global/products/555":           400,
		"/v1/products/%20x":                        400,
		"/v1/products/x%0A":                        400,
		"/v1/products/%FF":                         400,
		"/v1/products/a%E2%80%8Bb":                 400,
		"/v1/products/" + strings.Repeat("x", 129): 400,
		"/v1/products/":                            404,
		"/v1/products":                             404,
		"/v1//products/555":                        404,
		"/v1/stores//products/555":                 404,
		"/v1/x/../products/555":                    404,
		"/v1/products/./555":                       404,
		"/v1/products/a/b":                         404,
		"/":                                        404,
		"/nothing":                                 404,
	} {
		if a := s.do(http.MethodGet, path, ""); a.status != status || !a.isProblem() {
			t.Errorf("%s: %d %s, want %d", path, a.status, a.body, status)
		}
	}
}

// TestMethods checks HEAD, and that other methods are refused with those that are allowed.
func TestMethods(t *testing.T) {
	s := open(t, Options{})
	s.stock("12", "555", 4, 1)
	for _, path := range []string{"/v1/stores/12/products/555", "/v1/stream?product=555", "/openapi.json", "/healthz"} {
		if a := s.do(http.MethodHead, path, ""); a.status != http.StatusOK || a.body != "" {
			t.Errorf("HEAD %s: %d %q", path, a.status, a.body)
		}
		a := s.do(http.MethodDelete, path, "")
		if a.status != http.StatusMethodNotAllowed || a.header.Get("Allow") != "GET, HEAD" || !a.isProblem() {
			t.Errorf("DELETE %s: %d %v %s", path, a.status, a.header, a.body)
		}
	}
	a := s.do(http.MethodGet, "/v1/signals", "")
	if a.status != http.StatusMethodNotAllowed || a.header.Get("Allow") != "POST" || !a.isProblem() {
		t.Errorf("GET /v1/signals: %d %v %s", a.status, a.header, a.body)
	}
}

// TestETag checks that an answer is not repeated while the signal is the same.
func TestETag(t *testing.T) {
	s := open(t, Options{})
	const path = "/v1/stores/12/products/555"
	s.stock("12", "555", 4, 1)
	a := s.do(http.MethodGet, path, "")
	tag := a.header.Get("ETag")
	if tag != `"1-0"` {
		t.Errorf("the tag is %s", tag)
	}
	for header, status := range map[string]int{tag: 304, `"x", W/` + tag: 304, "*": 304, `"2-0"`: 200, "1-0": 200} {
		a := s.do(http.MethodGet, path, "", "If-None-Match", header)
		if a.status != status || a.header.Get("ETag") != tag || (a.body == "") != (status == 304) {
			t.Errorf("If-None-Match: %s: %d %q", header, a.status, a.body)
		}
	}
	s.stock("12", "555", 3, 2)
	if a := s.do(http.MethodGet, path, "", "If-None-Match", tag); a.status != 200 || a.header.Get("ETag") != `"2-0"` {
		t.Errorf("after a change: %d %v", a.status, a.header)
	}
}

// TestSignals checks the order of a list, and which bodies are refused.
func TestSignals(t *testing.T) {
	s := open(t, Options{})
	s.stock("12", "555", 4, 1)
	s.stock("", "555", 204, 2)
	post := func(body string) answer {
		return s.do(http.MethodPost, "/v1/signals", body, "Content-Type", "application/json; charset=utf-8")
	}
	a := post(`{"pairs":[{"product":"556"},{"store":"12","product":"555"},{"product":"555"},{"product":"556"}]}`)
	var got struct {
		Signals []struct {
			StoreID   *string `json:"store_id"`
			ProductID string  `json:"product_id"`
			Stock     *struct{ Version int64 }
		}
	}
	if err := json.Unmarshal([]byte(a.body), &got); err != nil || a.status != http.StatusOK || len(got.Signals) != 4 {
		t.Fatalf("%d %s: %v", a.status, a.body, err)
	}
	g := got.Signals
	if g[0].ProductID != "556" || g[0].Stock != nil || *g[1].StoreID != "12" || g[1].Stock.Version != 1 ||
		g[2].StoreID != nil || g[2].Stock.Version != 2 || g[3].ProductID != "556" {
		t.Errorf("the signals are %s", a.body)
	}
	pairs := func(n int) string {
		return `{"pairs":[` + strings.Repeat(`{"product":"1"},`, n-1) + `{"product":"1"}]}`
	}
	for body, status := range map[string]int{
		pairs(200): 200, pairs(201): 400, `{"pairs":[]}`: 400, `{}`: 400, `[]`: 400, ``: 400, `null`: 400,
		`{"pairs":null}`: 400, `{"pairs":[null]}`: 400, `{"pairs":[{}]}`: 400, `{"pairs":[{"store":"1"}]}`: 400,
		`{"pairs":[{"product":5}]}`: 400, `{"pairs":[{"product":null}]}`: 400,
		`{"pairs":[{"product":"5","store":null}]}`: 200,
		`{"pairs":[{"product":"5","store":""}]}`:   400, `{"pairs":[{"product":"5","store":"global"}]}`: 400,
		`{"pairs":[{"product":"5","shop":"1"}]}`: 400, `{"pairs":[{"product":"5"}],"x":1}`: 400,
		`{"pairs":[{"product":"5","product":"6"}]}`: 400, `{"pairs":[{"product":"5"}]} {}`: 400,
		`{"pairs":[{"Product":"5"}]}`: 400, "{\"pairs\":[{\"product\":\"\xff\"}]}": 400,
		`{"pairs":[{"product":"\ud800"}]}`: 400, `{"pairs":[{"product":" 5"}]}`: 400,
		pairs(1) + strings.Repeat(" ", maxBody): 413,
	} {
		if a := post(body); a.status != status || (status != 200) != a.isProblem() {
			t.Errorf("%.80s: %d %s, want %d", body, a.status, a.body, status)
		}
	}
	for _, kind := range []string{"", "text/plain", "application/x-www-form-urlencoded"} {
		a := s.do(http.MethodPost, "/v1/signals", pairs(1), "Content-Type", kind)
		if a.status != http.StatusUnsupportedMediaType || !a.isProblem() {
			t.Errorf("Content-Type %q: %d %s", kind, a.status, a.body)
		}
	}
}

// TestCORS checks which origins may read.
func TestCORS(t *testing.T) {
	const shopOrigin = "https://shop.example"
	preflight := []string{"Access-Control-Request-Method", "POST", "Access-Control-Request-Headers", "content-type"}
	for _, c := range []struct {
		origins            []string
		origin, want, vary string
	}{
		{nil, shopOrigin, "", ""},
		{[]string{shopOrigin}, shopOrigin, shopOrigin, "Origin"},
		{[]string{shopOrigin}, "https://shop.example.evil", "", "Origin"},
		{[]string{shopOrigin}, "", "", "Origin"},
		{[]string{"*"}, "https://any.example", "*", ""},
	} {
		s := open(t, Options{Origins: c.origins})
		a := s.do(http.MethodGet, "/openapi.json", "", "Origin", c.origin)
		if a.header.Get("Access-Control-Allow-Origin") != c.want || a.header.Get("Vary") != c.vary || a.status != 200 {
			t.Errorf("%v: %q is answered with %d %v", c.origins, c.origin, a.status, a.header)
		}
		a = s.do(http.MethodOptions, "/v1/signals", "", append(preflight, "Origin", c.origin)...)
		if allowed := a.header.Get("Access-Control-Allow-Headers") != ""; allowed != (c.want != "") ||
			allowed != (a.status == http.StatusNoContent) || !allowed && a.status != http.StatusMethodNotAllowed {
			t.Errorf("%v: the preflight of %q is answered with %d %v", c.origins, c.origin, a.status, a.header)
		}
	}
}

// TestRedisAway checks the answers while Redis does not answer.
func TestRedisAway(t *testing.T) {
	s := open(t, Options{})
	s.stock("", "555", 4, 1)
	if a := s.do(http.MethodGet, "/readyz", ""); a.status != 200 || a.body != "ready\n" {
		t.Errorf("/readyz: %d %s", a.status, a.body)
	}
	s.redis.Stop()
	body := `{"pairs":[{"product":"555"}]}`
	for _, a := range []answer{s.do(http.MethodGet, "/v1/products/555", ""),
		s.do(http.MethodPost, "/v1/signals", body, "Content-Type", "application/json")} {
		if a.status != http.StatusServiceUnavailable || !a.isProblem() || a.header.Get("Retry-After") == "" ||
			strings.Contains(a.body, s.redis.Addr) {
			t.Errorf("%d %v %s", a.status, a.header, a.body)
		}
	}
	if a := s.do(http.MethodGet, "/readyz", ""); a.status != 503 || a.body != "Redis does not answer\n" {
		t.Errorf("/readyz: %d %s", a.status, a.body)
	}
	if a := s.do(http.MethodGet, "/healthz", ""); a.status != 200 || a.body != "ok\n" {
		t.Errorf("/healthz: %d %s", a.status, a.body)
	}
	s.redis.Restart()
	s.stock("", "555", 4, 1)
	if a := s.do(http.MethodGet, "/v1/products/555", ""); a.status != http.StatusOK {
		t.Errorf("after the outage: %d %s", a.status, a.body)
	}
	metrics := s.do(http.MethodGet, "/metrics", "").body
	for _, want := range []string{"streamlytics_api_redis_read_errors_total 3\n",
		`streamlytics_api_request_seconds_count{code="503",route="/v1/products/{product}"} 1` + "\n"} {
		if !strings.Contains(metrics, want) {
			t.Errorf("the metrics have no %s:\n%s", want, metrics)
		}
	}
	s.api.Close()
	if a := s.do(http.MethodGet, "/readyz", ""); a.status != 503 || a.body != "shutting down\n" {
		t.Errorf("/readyz: %d %s", a.status, a.body)
	}
}
