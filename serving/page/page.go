// Package page serves the page that shows a running pipeline: embedded files, and the JSON behind
// them at /page/. It reads what the pipeline keeps anyway, and only while somebody looks.
package page

import (
	"context"
	"net/http"
	"sync"
	"time"

	"github.com/beamlytics/streamlytics/event"
	"github.com/beamlytics/streamlytics/internal/clock"
	"github.com/beamlytics/streamlytics/internal/history"
	"github.com/beamlytics/streamlytics/serving/api"
)

// Source is what the page shows of a pipeline. Its functions are safe for concurrent use and called
// only while somebody looks.
type Source struct {
	Info    func() Info
	Flow    func() Flow // nil: there is no pipeline, as in serve, and only the signals are shown
	History *history.History
	Clock   clock.Clock
	Weights Weights // of the score of HIGH_DEMAND
	// Horizon is that of the ledger, by the clock, ms: an older RESET is refused.
	Horizon int64
	// Restored reports whether the pipeline began with the state of an earlier run, whose events
	// are not in History.
	Restored func() bool
}

// Demo is what a simulated retailer adds. Its functions are safe for concurrent use; none is nil.
type Demo struct {
	Truth     func() Truth
	Names     func(id string) string // of products and stores; empty if there is none
	Scenarios []Scenario
	// Start starts a scenario. It returns an error for one that runs already or does not exist.
	Start   func(ctx context.Context, name string) (Running, error)
	Running func() map[string]Running // those that were started, by name
	// Replay publishes a repaired message in place of one that could not be decoded. An error that
	// wraps a *RefusedError is that of a message that would be refused again.
	Replay func(ctx context.Context, letter event.DeadLetter, data []byte) (messageID string, err error)
}

// RefusedError is the error of a message that the pipeline would refuse.
type RefusedError struct{ event.Refusal }

// Error implements error.
func (r *RefusedError) Error() string { return string(r.Reason) + ": " + r.Detail }

// page answers the requests for JSON.
type page struct {
	Source
	demo    *Demo
	started int64 // wall time, epoch ms

	mu       sync.Mutex
	verdicts [4096]struct { // on badge changes, at the remainders of their numbers
		n int64
		Verdict
	}
	replayed map[int64]bool // dead letters, by their number
}

// New returns the handler of a page: its files and /page/; signals answers all other requests. demo
// is nil where a pipeline is not a demo's.
func New(s Source, demo *Demo, signals http.Handler) http.Handler {
	p := &page{Source: s, demo: demo, started: time.Now().UnixMilli(), replayed: map[int64]bool{}}
	mux := http.NewServeMux()
	handle := func(pattern string, h http.HandlerFunc) { mux.Handle(pattern, withHeaders(h)) }
	addFiles(handle)
	handle("GET /page/info", func(w http.ResponseWriter, _ *http.Request) { answer(w, http.StatusOK, s.Info()) })
	if s.Flow == nil { // the signals are for other sites too
		mux.Handle("/", signals)
		return mux
	}
	mux.Handle("/v1/", signals)
	mux.Handle("/openapi.json", signals)
	handle("/", func(w http.ResponseWriter, _ *http.Request) {
		api.Problem(w, http.StatusNotFound, "there is no such page")
	})
	handle("GET /page/flow", func(w http.ResponseWriter, _ *http.Request) { answer(w, http.StatusOK, s.Flow()) })
	handle("GET /page/products", p.products)
	handle("GET /page/stores", p.stores)
	handle("GET /page/product", p.product)
	handle("GET /page/badges", p.badges)
	handle("GET /page/deadletters", p.deadLetters)
	if demo != nil {
		handle("POST /page/scenarios", p.startScenario)
		handle("POST /page/deadletters/{n}/replay", p.replay)
	}
	return guard(mux)
}

// startScenario answers POST /page/scenarios.
func (p *page) startScenario(w http.ResponseWriter, r *http.Request) {
	var body struct {
		Name string `json:"name"`
	}
	if !readJSON(w, r, &body) {
		return
	}
	running, err := p.demo.Start(r.Context(), body.Name)
	if err != nil {
		api.Problem(w, http.StatusConflict, err.Error())
		return
	}
	answer(w, http.StatusAccepted, running)
}

// name returns the name of a product or store, or nothing.
func (p *page) name(id string) string {
	if p.demo == nil {
		return ""
	}
	return p.demo.Names(id)
}

// from returns the time of the clock that history.History.Since stands for.
func (p *page) from(since int64) int64 {
	if since == 0 {
		since = p.started
	}
	return p.arrived(since)
}

// arrived returns the time of the clock at a wall time, both epoch ms.
func (p *page) arrived(wall int64) int64 { return p.Clock.AtWall(time.UnixMilli(wall)) }
