package keyed

import (
	"bytes"
	"slices"
	"testing"

	"github.com/apache/beam/sdks/v2/go/pkg/beam/core/state"
)

// runner is the part of a Beam runner that keeps the state of keys. Of what a bundle does to it,
// nothing is seen by others before its commit.
type runner struct {
	t    *testing.T
	keys map[string]*keyState
}

type keyState struct {
	values map[string]any
	bags   map[string][]any
}

func newRunner(t *testing.T) *runner { return &runner{t: t, keys: map[string]*keyState{}} }

func (k *keyState) clone() *keyState {
	c := &keyState{values: map[string]any{}, bags: map[string][]any{}}
	if k != nil {
		for id, v := range k.values {
			c.values[id] = v
		}
		for id, b := range k.bags {
			c.bags[id] = slices.Clone(b)
		}
	}
	return c
}

// bundle is the state of one key as one bundle sees it. It implements of state.Provider what
// journals use; anything else panics, because the embedded interface is nil.
type bundle struct {
	state.Provider
	runner *runner
	key    string
	*keyState
	fail error // of every call, if set
}

// open begins a bundle with one key.
func (r *runner) open(key string) *bundle {
	return &bundle{runner: r, key: key, keyState: r.keys[key].clone()}
}

// commit makes the bundle's state the key's.
func (b *bundle) commit() { b.runner.keys[b.key] = b.keyState }

func (b *bundle) ReadValueState(id string) (any, []state.Transaction, error) {
	return b.values[id], nil, b.fail
}

func (b *bundle) WriteValueState(t state.Transaction) error {
	b.values[t.Key] = t.Val
	return b.fail
}

func (b *bundle) ReadBagState(id string) ([]any, []state.Transaction, error) {
	return slices.Clone(b.bags[id]), nil, b.fail
}

func (b *bundle) WriteBagState(t state.Transaction) error {
	b.bags[t.Key] = append(b.bags[t.Key], bytes.Clone(t.Val.([]byte))) // what the caller does to its buffer is not seen
	return b.fail
}

func (b *bundle) ClearBagState(t state.Transaction) error {
	delete(b.bags, t.Key)
	return b.fail
}
