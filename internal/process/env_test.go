package process

import (
	"errors"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/beamlytics/streamlytics/internal/acks"
)

func register(t *testing.T, tracker *acks.Tracker) *Env {
	t.Helper()
	e, err := Register(t.Name(), tracker)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { e.Close() })
	return e
}

func TestRegister(t *testing.T) {
	tracker := acks.New(1)
	e := register(t, tracker)
	if Of(t.Name()) != e || e.Tracker != tracker || e.Metrics == nil {
		t.Error("Of does not return what was registered")
	}
	if _, err := Register(t.Name(), nil); err == nil || !strings.Contains(err.Error(), t.Name()) {
		t.Errorf("registering an id twice: %v", err)
	}
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	again, err := Register(t.Name(), nil)
	if err != nil {
		t.Fatalf("the id of a closed pipeline is not free: %v", err)
	}
	if again == e {
		t.Error("a closed Env came back")
	}
	if err := again.Close(); err != nil {
		t.Error(err)
	}
}

// TestOfInAnotherProcess: where nobody registered the pipeline there is an Env all the same, one
// for all DoFns.
func TestOfInAnotherProcess(t *testing.T) {
	found := make([]*Env, 16)
	var work sync.WaitGroup
	for i := range found {
		work.Go(func() { found[i] = Of(t.Name()) })
	}
	work.Wait()
	t.Cleanup(func() { found[0].Close() })
	for _, e := range found {
		if e != found[0] {
			t.Fatal("two DoFns got two Envs")
		}
	}
	if found[0].Tracker != nil {
		t.Error("it has a tracker, though its runner acknowledges")
	}
}

func TestStop(t *testing.T) {
	e := register(t, nil)
	if e.Stopping() {
		t.Error("stopping from the start")
	}
	if e.Stop(); !e.Stopping() {
		t.Error("not stopping after Stop")
	}
}

func TestSharedOpensOnce(t *testing.T) {
	e := register(t, nil)
	var opened atomic.Int64
	got := make([]*int, 32)
	var work sync.WaitGroup
	for i := range got {
		work.Go(func() {
			v, err := Shared(e, "thing", func() (*int, error) {
				opened.Add(1)
				return new(int), nil
			})
			if err != nil {
				t.Error(err)
			}
			got[i] = v
		})
	}
	work.Wait()
	if opened.Load() != 1 {
		t.Errorf("opened %d times", opened.Load())
	}
	for _, v := range got {
		if v != got[0] {
			t.Fatal("two callers got two resources")
		}
	}
	other, err := Shared(e, "other thing", func() (*int, error) { return new(int), nil })
	if err != nil || other == got[0] {
		t.Errorf("another name gave the same resource, or %v", err)
	}
}

// TestSharedOpensAgainAfterAFailure: a worker that could not reach Redis at first must not be lost
// for good.
func TestSharedOpensAgainAfterAFailure(t *testing.T) {
	e := register(t, nil)
	why := errors.New("no such host")
	if v, err := Shared(e, "thing", func() (*int, error) { return new(int), why }); err != why || v != nil {
		t.Errorf("got %v, %v", v, err)
	}
	if v, err := Shared(e, "thing", func() (*int, error) { return new(int), nil }); err != nil || v == nil {
		t.Errorf("a later attempt returns %v, %v", v, err)
	}
}

// closer notes that it was closed.
type closer struct {
	name   string
	closed *[]string
	err    error
}

func (c closer) Close() error {
	*c.closed = append(*c.closed, c.name)
	return c.err
}

func TestCloseLastOpenedFirst(t *testing.T) {
	e := register(t, nil)
	var closed []string
	why := errors.New("still busy")
	open := func(name string, err error) {
		t.Helper()
		if _, err := Shared(e, name, func() (closer, error) { return closer{name, &closed, err}, nil }); err != nil {
			t.Fatal(err)
		}
	}
	open("connection", nil)
	if _, err := Shared(e, "number", func() (int, error) { return 1, nil }); err != nil {
		t.Fatal(err)
	}
	open("table", why)
	if _, err := Shared(e, "failed", func() (closer, error) {
		return closer{"failed", &closed, nil}, why
	}); err != why {
		t.Fatal(err)
	}
	open("cursor", nil)
	if err := e.Close(); !errors.Is(err, why) {
		t.Errorf("Close returns %v, want what one resource said", err)
	}
	if want := []string{"cursor", "table", "connection"}; !slices.Equal(closed, want) {
		t.Errorf("closed %v, want %v", closed, want)
	}
	if err := e.Close(); err != nil || len(closed) != 3 {
		t.Errorf("the second Close returns %v and closed %v", err, closed[3:])
	}
	if Of(t.Name()) == e {
		t.Error("the pipeline is still known")
	}
	if err := Of(t.Name()).Close(); err != nil {
		t.Error(err)
	}
}

// TestCloseWaitsForAnOpening: a bundle may still be opening something when the pipeline ends; it
// must not stay open.
func TestCloseWaitsForAnOpening(t *testing.T) {
	e := register(t, nil)
	var closed []string
	opening, proceed, done := make(chan struct{}), make(chan struct{}), make(chan error)
	go func() {
		_, err := Shared(e, "slow", func() (closer, error) {
			close(opening)
			<-proceed
			return closer{"slow", &closed, nil}, nil
		})
		done <- err
	}()
	<-opening
	go func() { done <- e.Close() }()
	close(proceed)
	for range 2 {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
	if !slices.Equal(closed, []string{"slow"}) {
		t.Errorf("closed %v, want what was being opened", closed)
	}
}
