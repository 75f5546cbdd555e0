// Package sourcetest runs sources in tests: it catches the messages that they emit and releases
// their ack tokens as a sink does.
package sourcetest

import (
	"context"
	"reflect"
	"slices"
	"sync"
	"testing"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/options/jobopts"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/testing/ptest"

	"github.com/beamlytics/streamlytics/event"
	"github.com/beamlytics/streamlytics/internal/acks"
	"github.com/beamlytics/streamlytics/internal/batch"
	"github.com/beamlytics/streamlytics/internal/process"
)

func init() { beam.RegisterType(reflect.TypeFor[catchFn]()) }

// Main runs the tests of a package with Prism set up as in package pipeline.
func Main(m *testing.M) {
	*jobopts.Experiments = "prism_disable_sdf_split"
	process.RaiseMaxProcs()
	ptest.Main(m)
}

// Net catches the messages of one test pipeline.
type Net struct {
	// Release is called at the end of every bundle that holds tokens. It must not block. By default it
	// releases them.
	Release func(tokens []int64)

	mu          sync.Mutex
	messages    []event.Message
	largest     int
	outstanding int64
}

// NetOf returns the net of a pipeline.
func NetOf(env *process.Env) *Net {
	n, err := process.Shared(env, "net", func() (*Net, error) { return &Net{Release: env.Tracker.Release}, nil })
	if err != nil {
		panic(err)
	}
	return n
}

// Caught returns the messages that were caught, in the order in which they were emitted.
func (n *Net) Caught() []event.Message {
	n.mu.Lock()
	defer n.mu.Unlock()
	return slices.Clone(n.messages)
}

// Largest returns the largest number of messages in one batch.
func (n *Net) Largest() int {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.largest
}

// Outstanding returns the largest number of messages outstanding at the end of a bundle.
func (n *Net) Outstanding() int64 {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.outstanding
}

// Catch adds a net behind messages (batch.Messages).
func Catch(s beam.Scope, id string, messages beam.PCollection) {
	beam.ParDo0(s, &catchFn{PipelineID: id}, messages)
}

// catchFn holds each batch until its bundle is finished, as a stage that emits something does.
type catchFn struct {
	PipelineID string

	env     *process.Env
	net     *Net
	batches []batch.Messages
}

func (f *catchFn) Setup() {
	f.env = process.Of(f.PipelineID)
	f.net = NetOf(f.env)
}

func (f *catchFn) StartBundle(context.Context) { f.batches = nil }

func (f *catchFn) ProcessElement(b batch.Messages) {
	f.env.Tracker.Hold([]int64{b.Token}, 1)
	f.batches = append(f.batches, b)
}

func (f *catchFn) FinishBundle(context.Context) {
	n := f.net
	n.mu.Lock()
	var tokens []int64
	for _, b := range f.batches {
		n.messages = append(n.messages, b.Messages...)
		n.largest = max(n.largest, len(b.Messages))
		tokens = append(tokens, b.Token)
	}
	n.outstanding = max(n.outstanding, f.env.Tracker.Outstanding())
	n.mu.Unlock()
	if len(tokens) > 0 {
		n.Release(tokens)
	}
}

// NewEnv registers a pipeline under the test's name.
func NewEnv(t *testing.T, tracker *acks.Tracker) *process.Env {
	t.Helper()
	env, err := process.Register(t.Name(), tracker)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := env.Close(); err != nil {
			t.Error(err)
		}
	})
	return env
}
