package process

import (
	"context"
	"fmt"
)

// State is where the keyed stages find what an earlier run kept. Its functions block until they succeed or ctx ends.
type State struct {
	// Log returns the records of the inventory stage's log of a Beam key.
	Log func(ctx context.Context, key string) ([][]byte, error)
	// Seq returns the number of the last write of that log, 0 if there was none.
	Seq func(ctx context.Context, key string) (int64, error)
	// Kept returns what the product stage kept of a product group, by field.
	Kept func(ctx context.Context, group string) (map[string]string, error)
}

// StateRef says where an earlier run kept its state. It travels inside the DoFns: a worker knows nothing else. The zero value says
// that nothing is restored.
type StateRef struct {
	Kind   string
	Config []byte // for whoever is registered for the kind
}

// StateOpener finds the state of an earlier run from within a worker.
type StateOpener func(ctx context.Context, env *Env, config []byte) (*State, error)

var stateOpeners = map[string]StateOpener{}

// RegisterState registers who opens state of a kind. It is for init functions.
func RegisterState(kind string, open StateOpener) {
	if stateOpeners[kind] != nil {
		panic("process: two openers of state of kind " + kind)
	}
	stateOpeners[kind] = open
}

// SetState sets the state of an earlier run, before the pipeline runs, where the program that starts it is its worker too.
func (e *Env) SetState(s *State) { e.state.Store(s) }

// State returns the state of an earlier run: what SetState set, or what ref leads to; nil where nothing is restored.
func (e *Env) State(ctx context.Context, ref StateRef) (*State, error) {
	if s := e.state.Load(); s != nil || ref.Kind == "" {
		return s, nil
	}
	return Shared(e, "state of an earlier run", func() (*State, error) {
		open := stateOpeners[ref.Kind]
		if open == nil {
			return nil, fmt.Errorf("state of kind %q cannot be restored: nobody knows how", ref.Kind)
		}
		return open(ctx, e, ref.Config)
	})
}
