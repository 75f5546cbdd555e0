package sources

import (
	"context"
	"reflect"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/options/jobopts"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/testing/ptest"

	"github.com/beamlytics/streamlytics/event"
	"github.com/beamlytics/streamlytics/internal/acks"
	"github.com/beamlytics/streamlytics/internal/maxprocs"
	"github.com/beamlytics/streamlytics/internal/process"
)

func init() { beam.RegisterType(reflect.TypeFor[catchFn]()) }

func TestMain(m *testing.M) {
	*jobopts.Experiments = "prism_disable_sdf_split" // as in package pipeline
	maxprocs.Raise()
	ptest.Main(m)
}

// net is what catches the messages of one test pipeline, and what it caught.
type net struct {
	release func(tokens []int64) // called after every bundle that held tokens; must not block

	mu          sync.Mutex
	messages    []event.Message
	largest     int   // most messages of one file, or subscription, in one bundle
	outstanding int64 // most that were outstanding at the end of a bundle
}

func netOf(env *process.Env) *net {
	n, err := process.Shared(env, "net", func() (*net, error) { return &net{release: env.Tracker.Release}, nil })
	if err != nil {
		panic(err)
	}
	return n
}

func (n *net) caught() []event.Message {
	n.mu.Lock()
	defer n.mu.Unlock()
	return slices.Clone(n.messages)
}

// catchFn holds each message until its bundle is over, as a stage that passes something on does.
type catchFn struct {
	PipelineID string

	env      *process.Env
	net      *net
	held     acks.Held
	messages []event.Message
}

func (f *catchFn) Setup() {
	f.env = process.Of(f.PipelineID)
	f.net = netOf(f.env)
}

func (f *catchFn) StartBundle(context.Context) {
	f.held.Reset(f.env.Tracker)
	f.messages = nil
}

func (f *catchFn) ProcessElement(m event.Message) {
	f.held.Add(m.Token)
	f.messages = append(f.messages, m)
}

func (f *catchFn) FinishBundle(context.Context) {
	n := f.net
	n.mu.Lock()
	n.messages = append(n.messages, f.messages...)
	from := map[string]int{}
	for _, m := range f.messages {
		from[m.File]++
		n.largest = max(n.largest, from[m.File])
	}
	n.outstanding = max(n.outstanding, f.env.Tracker.Outstanding())
	n.mu.Unlock()
	if tokens := slices.Clone(f.held.Tokens()); len(tokens) > 0 {
		n.release(tokens)
	}
}

// newEnv registers a pipeline under the test's name.
func newEnv(t *testing.T, tracker *acks.Tracker) *process.Env {
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

// await waits until a condition holds.
func await(t *testing.T, what string, ok func() bool) {
	t.Helper()
	deadline := time.NewTimer(30 * time.Second)
	defer deadline.Stop()
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for !ok() {
		select {
		case <-tick.C:
		case <-deadline.C:
			t.Fatalf("waited in vain: %s", what)
		}
	}
}

// catch adds the net behind messages.
func catch(s beam.Scope, id string, messages beam.PCollection) {
	beam.ParDo0(s, &catchFn{PipelineID: id}, messages)
}
