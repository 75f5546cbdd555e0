package page

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/beamlytics/streamlytics/event"
	"github.com/beamlytics/streamlytics/internal/history"
	"github.com/beamlytics/streamlytics/serving/api"
	"github.com/beamlytics/streamlytics/signal"
	"github.com/beamlytics/streamlytics/test/truth"
)

// serve serves a page of a memory on a loopback address.
func serve(t *testing.T, h *history.History, demo *Demo) *httptest.Server {
	t.Helper()
	server := httptest.NewServer(New(Source{
		Info:    func() Info { return Info{Mode: "pipeline"} },
		Flow:    func() Flow { return Flow{RefusedTotal: 7, Refused: map[string]int64{"BAD_JSON": 7}} },
		History: h, Horizon: horizon, Weights: Weights{1, 5, 10}, Restored: func() bool { return false },
	}, demo, http.HandlerFunc(nothing)))
	t.Cleanup(server.Close)
	return server
}

// answered is the status and header of an answer.
type answered struct {
	StatusCode int
	Header     http.Header
}

// send sends a request and returns the answer and its body.
func send(t *testing.T, method, url, body string, header http.Header) (answered, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header = header.Clone()
	r.Host = header.Get("Host")
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answered{answer.StatusCode, answer.Header}, string(text)
}

// nothing answers as package api does where it has no route.
func nothing(w http.ResponseWriter, _ *http.Request) { api.Problem(w, http.StatusNotFound, "nothing") }

// get returns a JSON answer.
func get[T any](t *testing.T, url string) (value T) {
	t.Helper()
	answer, body := send(t, http.MethodGet, url, "", http.Header{})
	if err := json.Unmarshal([]byte(body), &value); answer.StatusCode != http.StatusOK || err != nil {
		t.Fatalf("%s: %d, %v: %s", url, answer.StatusCode, err, body)
	}
	return value
}

// TestFiles checks the status, type and headers of the routes and files.
func TestFiles(t *testing.T) {
	server := serve(t, history.New(1<<20), nil)
	for path, status := range map[string]int{
		"/": 200, "/shop": 200, "/products/gid:%2F%2Fshop%2F7": 200, "/badges": 200, "/deadletters": 200,
		"/page/info": 200, "/page/flow": 200,
		"/web/none.js": 404, "/web/": 404, "/web/..%2fpage.go": 404, "/page/none": 404, "/nothing": 404,
		"/products/a%2F..%2Fb":  200,
		"/v1/products/5":        404,
		"/page/product?id=none": 404, "/page/product": 404, "/page/badges?limit=x": 200, "/page/badges?limit=0": 200,
		"/page/scenarios": 404, "/products/": 404,
	} {
		answer, body := send(t, http.MethodGet, server.URL+path, "", http.Header{})
		if answer.StatusCode != status {
			t.Errorf("%s: %d: %s", path, answer.StatusCode, body)
		}
		h := answer.Header
		if h.Get("Content-Security-Policy") != contentPolicy || h.Get("X-Content-Type-Options") != "nosniff" ||
			h.Get("Referrer-Policy") != "no-referrer" {
			t.Errorf("%s: headers %v", path, h)
		}
		want := "text/html; charset=utf-8"
		switch {
		case strings.HasPrefix(path, "/page/") && status == 200:
			want = "application/json"
		case strings.HasPrefix(path, "/page/"):
			want = "application/problem+json"
		case status != 200:
			continue
		}
		if got := h.Get("Content-Type"); got != want {
			t.Errorf("%s is %s", path, got)
		}
		if strings.HasPrefix(path, "/page/") && h.Get("Cache-Control") != "no-store" {
			t.Errorf("%s may be stored", path)
		}
	}
	script, _ := send(t, http.MethodGet, server.URL+"/web/app.js", "", http.Header{})
	if script.StatusCode != http.StatusOK ||
		script.Header.Get("Content-Type") != "text/javascript; charset=utf-8" {
		t.Errorf("a script: %+v", script)
	}
	first, _ := send(t, http.MethodGet, server.URL+"/", "", http.Header{})
	again, _ := send(t, http.MethodGet, server.URL+"/", "", http.Header{"If-None-Match": {first.Header.Get("ETag")}})
	if again.StatusCode != http.StatusNotModified {
		t.Errorf("the same file again: %d", again.StatusCode)
	}
}

// TestGuard checks which hosts and origins are refused.
func TestGuard(t *testing.T) {
	started := 0
	demo := &Demo{Start: func(context.Context, string) (Running, error) {
		if started++; started > 1 {
			return Running{}, errors.New("it runs already")
		}
		return Running{Running: true, Product: "555"}, nil
	}}
	server := serve(t, history.New(1<<20), demo)
	_, port, _ := net.SplitHostPort(server.Listener.Addr().String())
	for host, status := range map[string]int{"": 200, "localhost": 200, "LOCALHOST:" + port: 200, "[::1]:8088": 200,
		"127.0.0.1:1": 200, "evil.example": 421, "evil.example:" + port: 421, "127.0.0.1.evil.example": 421,
		"10.0.0.1": 200} {
		answer, _ := send(t, http.MethodGet, server.URL+"/page/info", "", http.Header{"Host": {host}})
		if answer.StatusCode != status {
			t.Errorf("Host %q: %d, want %d", host, answer.StatusCode, status)
		}
	}
	post := func(body string, header http.Header) (int, string) {
		answer, text := send(t, http.MethodPost, server.URL+"/page/scenarios", body, header)
		return answer.StatusCode, text
	}
	plain, good := http.Header{"Content-Type": {"text/plain"}}, http.Header{"Content-Type": {"application/json"}}
	foreign := good.Clone()
	foreign.Set("Origin", "https://evil.example")
	crossSite := good.Clone()
	crossSite.Set("Sec-Fetch-Site", "cross-site")
	const body = `{"name":"late_count"}`
	for _, x := range []struct {
		body   string
		header http.Header
		status int
	}{
		{body, plain, 415}, {body, http.Header{}, 415}, {body, foreign, 403}, {body, crossSite, 403},
		{`{`, good, 400}, {`{"nam":1}`, good, 400},
		{`{"name":"` + strings.Repeat("x", maxBody) + `"}`, good, 400}, {body, good, 202}, {body, good, 409},
	} {
		if status, text := post(x.body, x.header); status != x.status {
			t.Errorf("POST %.30s with %v: %d %s, want %d", x.body, x.header, status, text, x.status)
		}
	}
	if started != 2 {
		t.Errorf("started %d times", started)
	}
}

// TestOtherAddresses checks that a page that does not listen on loopback answers to any name.
func TestOtherAddresses(t *testing.T) {
	for addr, status := range map[string]int{"192.0.2.1": 200, "127.0.0.9": 421, "::1": 421} {
		r := httptest.NewRequestWithContext(context.WithValue(t.Context(), http.LocalAddrContextKey,
			&net.TCPAddr{IP: net.ParseIP(addr)}), http.MethodGet, "http://page.example/page/info", http.NoBody)
		w := httptest.NewRecorder()
		source := Source{Info: func() Info { return Info{} }, Flow: func() Flow { return Flow{} }}
		New(source, nil, http.HandlerFunc(nothing)).ServeHTTP(w, r)
		if w.Code != status {
			t.Errorf("at %s: %d, want %d", addr, w.Code, status)
		}
	}
}

const hostile = "</script><img src=x onerror=alert(1)>\u2028'\"&%2F/é"

// TestHostileTexts checks that ids and payloads come back as they are, in JSON that has no HTML in it.
func TestHostileTexts(t *testing.T) {
	h := history.New(1 << 20)
	arrive(h, truth.Event{ID: "a", Type: "SALE", Store: hostile, Product: hostile, Quantity: 2, OccurredAt: 60_000}, 1)
	h.Stock(&signal.Stock{StoreID: hostile, ProductID: hostile, OnHand: 1, AsOf: 2}, 2)
	h.Badge(signal.BadgeChange{Badge: signal.LowStock, StoreID: hostile, ProductID: hostile})
	h.DeadLetter(event.DeadLetter{Message: &event.Message{Channel: event.POS, Data: []byte(hostile),
		Attributes: map[string]string{hostile: hostile}}, Refusal: event.Refusal{Detail: hostile, Item: event.NoItem}})
	server := serve(t, h, nil)
	products := get[struct{ Products []listed }](t, server.URL+"/page/products?q=ONERROR").Products
	if len(products) != 1 || products[0].ID != hostile || !slices.Equal(products[0].Stores, []string{hostile}) {
		t.Errorf("products %+v", products)
	}
	query := "?id=" + "%3C%2Fscript%3E%3Cimg%20src%3Dx%20onerror%3Dalert%281%29%3E%E2%80%A8%27%22%26%252F%2F%C3%A9"
	p := get[product](t, server.URL+"/page/product"+query)
	if p.ID != hostile || len(p.Stores) != 1 || p.Stores[0].ID != hostile || len(p.Stores[0].Points) != 1 ||
		len(p.Badges) != 1 || p.Badges[0].ProductID != hostile || len(p.Sales) != 1 || p.Sales[0].Units != 2 {
		t.Errorf("product %+v", p)
	}
	letters := get[struct {
		Total   int64
		Letters []letter
	}](t, server.URL+"/page/deadletters")
	if l := letters.Letters; letters.Total != 7 || len(l) != 1 || *l[0].Text != hostile ||
		l[0].Attributes[hostile] != hostile || l[0].Detail != hostile || l[0].Item != nil || l[0].Replayable {
		t.Errorf("letters %+v", letters)
	}
	for _, path := range []string{"products", "stores", "product" + query, "badges", "deadletters"} {
		_, body := send(t, http.MethodGet, server.URL+"/page/"+path, "", http.Header{})
		if strings.ContainsAny(body, "<>&\u2028") {
			t.Errorf("%s has HTML in it: %s", path, body)
		}
	}
}

// TestLists checks the order of products, what a search finds, and the names of a demo.
func TestLists(t *testing.T) {
	h := history.New(1 << 20)
	for i, id := range []string{"old", "sold", "new"} {
		arrive(h, truth.Event{ID: "a", Type: "SALE", Store: fmt.Sprint("s", i), Product: id, Quantity: 1}, int64(i))
	}
	h.Velocity(&signal.Velocity{ProductID: "sold", UnitsHour: 9, AsOf: 1}, 1)
	server := serve(t, h, &Demo{Names: func(id string) string {
		return map[string]string{"new": "Linen shirt", "s0": "Berlin"}[id]
	}})
	for query, want := range map[string]string{"": "[sold new old]", "?q=OLD": "[sold old]", "?q=linen": "[new]",
		"?q=none": "[]", "?limit=1": "[sold]"} {
		ids := []string{}
		for _, p := range get[struct{ Products []listed }](t, server.URL+"/page/products"+query).Products {
			ids = append(ids, p.ID)
		}
		if fmt.Sprint(ids) != want {
			t.Errorf("%q finds %v, want %s", query, ids, want)
		}
	}
	_, body := send(t, http.MethodGet, server.URL+"/page/stores", "", http.Header{})
	if body != `{"stores":[{"id":"s0","name":"Berlin"},{"id":"s1"},{"id":"s2"}]}`+"\n" {
		t.Errorf("stores %s", body)
	}
}

// TestReplay checks the answers of a replay.
func TestReplay(t *testing.T) {
	h := history.New(1 << 20)
	for _, m := range []*event.Message{
		{Channel: event.POS, ID: "7"}, {Channel: event.FILE}, {Channel: event.POS, Cut: 1},
	} {
		h.DeadLetter(event.DeadLetter{Message: m, Refusal: event.Refusal{Reason: event.BadJSON, Item: 3},
			Stage: event.StageDecode})
	}
	h.DeadLetter(event.DeadLetter{Message: &event.Message{Channel: event.POS}, Stage: event.StageStock})
	demo := &Demo{Replay: func(_ context.Context, l event.DeadLetter, data []byte) (string, error) {
		switch string(data) {
		case "bad":
			return "", fmt.Errorf("try: %w", &RefusedError{
				event.Refusal{Reason: event.BadField, Detail: "count: is a text"},
			})
		case "down":
			return "", errors.New("Pub/Sub does not answer")
		}
		return l.Message.ID + "!", nil
	}}
	server := serve(t, h, demo)
	for _, x := range []struct {
		n, data string
		status  int
		want    string // a part of the answer
	}{
		{"1", "bad", 422, `"detail":"count: is a text","reason":"BAD_FIELD"`},
		{"1", "down", 409, "Pub/Sub does not answer"},
		{"2", "good", 409, "this dead letter cannot be replayed here"},
		{"3", "good", 409, "this dead letter cannot be replayed here"},
		{"4", "good", 409, "this dead letter cannot be replayed here"},
		{"5", "good", 404, "this dead letter is not in memory"},
		{"x", "good", 404, "this dead letter is not in memory"},
		{"1", "good", 202, `{"message_id":"7!"}`},
	} {
		answer, body := send(t, http.MethodPost, server.URL+"/page/deadletters/"+x.n+"/replay",
			`{"data":"`+x.data+`"}`, http.Header{"Content-Type": {"application/json"}})
		if answer.StatusCode != x.status || !strings.Contains(body, x.want) {
			t.Errorf("replay of %s with %s: %d %s\nwant %d %s", x.n, x.data, answer.StatusCode, body, x.status, x.want)
		}
	}
	var replayed []bool
	for query, n := range map[string]int{"": 4, "?reason=BAD_JSON": 3, "?reason=NONE": 0, "?n=2": 1, "?n=x": 0,
		"?limit=1": 1} {
		if l := get[struct{ Letters []letter }](t, server.URL+"/page/deadletters"+query).Letters; len(l) != n {
			t.Errorf("%q: %d letters, want %d: %+v", query, len(l), n, l)
		}
	}
	for _, l := range get[struct{ Letters []letter }](t, server.URL+"/page/deadletters").Letters {
		replayed = append(replayed, l.Replayed)
	}
	if fmt.Sprint(replayed) != "[false false false true]" {
		t.Errorf("replayed are %v", replayed)
	}
}

// BenchmarkProduct measures an answer about a product with as many entries as are looked at.
func BenchmarkProduct(b *testing.B) {
	h := history.New(64 << 20)
	for i := range int64(maxEntries) {
		arrive(h, truth.Event{ID: fmt.Sprint(i), Type: "SALE", Store: fmt.Sprint(i % 40), Product: "p", Quantity: 1,
			OccurredAt: i * 100}, i*100)
		h.Stock(&signal.Stock{StoreID: fmt.Sprint(i % 40), ProductID: "p", OnHand: -i, AsOf: i * 100}, i*100)
	}
	source := Source{Flow: func() Flow { return Flow{} }, History: h, Horizon: horizon}
	handler := New(source, nil, http.HandlerFunc(nothing))
	r := httptest.NewRequestWithContext(b.Context(), http.MethodGet, "http://localhost/page/product?id=p", http.NoBody)
	for b.Loop() {
		w := httptest.NewRecorder()
		if handler.ServeHTTP(w, r); w.Code != http.StatusOK {
			b.Fatal(w.Body)
		}
	}
}
