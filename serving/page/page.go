// Package page serves the page that shows a running pipeline: embedded files, and the JSON behind
// them at /page/. It reads what the pipeline keeps anyway, and only while somebody looks.
package page

import (
	"context"
	"net/http"
	"sync"

	"github.com/beamlytics/streamlytics/event"
	"github.com/beamlytics/streamlytics/internal/clock"
	"github.com/beamlytics/streamlytics/internal/history"
)

// Source is what the page shows of a pipeline. Its functions are safe for concurrent use and called
// only while somebody looks.
type Source struct {
	Info func() Info
	// Flow returns the counts, without truth and scenarios. nil: there is no pipeline, as in serve,
	// and only the signals are shown.
	Flow    func() Flow
	History *history.History
	Clock   clock.Clock
	Weights Weights // of the score of HIGH_DEMAND
	// Horizon is that of the ledger, by the clock, ms: an older RESET is refused.
	Horizon int64
	// Restored reports whether the pipeline began with the state of an earlier run, whose events
	// are not in History.
	Restored func() bool
}

// Demo is what a simulated retailer adds. Its functions are safe for concurrent use.
type Demo struct {
	Truth     func() Truth
	Names     func(id string) string // of products and stores; empty if there is none
	Scenarios []Scenario
	// Start starts a scenario. It returns an error for one that runs already.
	Start   func(ctx context.Context, name string) (Running, error)
	Running func() map[string]Running // those that were started, by name
	// Replay publishes a repaired message in place of that of a dead letter. An error that wraps a
	// *RefusedError is that of a message that would be refused again.
	Replay func(ctx context.Context, letter event.DeadLetter, data []byte) (messageID string, err error)
}

// RefusedError is the error of a message that the pipeline would refuse.
type RefusedError struct{ event.Refusal }

// Error implements error.
func (r *RefusedError) Error() string { return string(r.Reason) + ": " + r.Detail }

// page answers the requests for JSON.
type page struct {
	Source
	demo *Demo

	mu       sync.Mutex
	verdicts map[uint64]Verdict // of the badge changes that were shown last, by their number
	replayed map[uint64]bool    // dead letters, by their number
}

// New returns the handler of a page: its files and /page/; signals answers all other requests. demo
// is nil where a pipeline is not a demo's.
func New(s Source, demo *Demo, signals http.Handler) http.Handler {
	p := &page{Source: s, demo: demo, replayed: map[uint64]bool{}}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /page/info", p.info)
	if s.Flow != nil {
		mux.HandleFunc("GET /page/flow", p.flow)
		mux.HandleFunc("GET /page/products", p.products)
		mux.HandleFunc("GET /page/stores", p.stores)
		mux.HandleFunc("GET /page/product", p.product)
		mux.HandleFunc("GET /page/badges", p.badges)
		mux.HandleFunc("GET /page/deadletters", p.deadLetters)
	}
	if demo != nil {
		mux.HandleFunc("POST /page/scenarios", p.startScenario)
		mux.HandleFunc("POST /page/deadletters/{n}/replay", p.replay)
	}
	addFiles(mux)
	own := withHeaders(mux)
	all := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, pattern := mux.Handler(r); pattern == "" {
			signals.ServeHTTP(w, r)
			return
		}
		own.ServeHTTP(w, r)
	})
	if s.Flow == nil { // the signals are for other sites too
		return all
	}
	return guard(all)
}

// name returns the name of a product or store, or nothing.
func (p *page) name(id string) string {
	if p.demo == nil || p.demo.Names == nil || id == "" {
		return ""
	}
	return p.demo.Names(id)
}

// arrived returns the time of the clock at a wall time, both epoch ms.
func (p *page) arrived(wall int64) int64 { return p.Clock.AtWall(timeOf(wall)) }

// restored reports whether there was state before the first entry of the history.
func (p *page) restored() bool { return p.Restored != nil && p.Restored() }
