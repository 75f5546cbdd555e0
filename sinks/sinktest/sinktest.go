// Package sinktest is the suite that every sink passes. It tests the contract of package sinks:
//
//   - A write blocks while its target is down or hangs, and completes by itself when the target is
//     back. It ends early only with its context, promptly and with the context's cause.
//   - When a write has returned nil, a reader that is independent of the writer sees all of it.
//   - Every write may be repeated, whether it has failed or its outcome is unknown.
//   - Where a target keeps one value per key, an older version never replaces a newer one, in whatever
//     order they are written.
//   - Writers may run at the same time.
//   - After Close, writes that wait for their target and later ones return retry.ErrClosed.
package sinktest

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/beamlytics/streamlytics/sinks/retry"
)

// Key identifies a record.
type Key struct{ Store, Product string }

// Record is what all sinks can write.
type Record struct {
	Key
	Version int64 // greater is newer
	Value   int64
}

// Fault is a way to disturb a target.
type Fault struct {
	Name string
	Down func() // from here on nothing can be written
	Up   func() // ends Down; what was written before may be lost
}

// Target is a sink, with functions that read from its target and disturb it.
type Target struct {
	// Write writes records through the sink.
	Write func(ctx context.Context, records []Record) error
	// Read returns what a reader sees under keys, past the sink: the value of the newest version.
	// Keys that are not there are left out; others than keys do not matter.
	Read func(tb testing.TB, keys []Key) map[Key]int64
	// Close closes the sink. The test's clean-up closes it again.
	Close func() error
	// Versioned means that versions decide between writes of one key; otherwise the last write does.
	Versioned bool
	// Faults are tried one after the other.
	Faults []Fault
}

const (
	// stillBlocked is how long a write must not return.
	stillBlocked = 300 * time.Millisecond
	// promptly is how soon a write returns after its context has ended.
	promptly = 2 * time.Second
	// recovered is how soon a write returns after its target is back. A cluster needs time to
	// agree.
	recovered = 60 * time.Second
)

// Run runs the suite on a target of its own for each test; open may use the test's clean-up.
func Run(t *testing.T, open func(t *testing.T) Target) {
	t.Helper()
	for _, test := range []struct {
		name string
		run  func(*testing.T, Target)
	}{
		{"visible when written", testVisible},
		{"repeating is harmless", testRepeat},
		{"last of a batch wins", testSameKey},
		{"newest version wins", testVersions},
		{"large batch", testLargeBatch},
		{"concurrent writers", testConcurrent},
		{"ended context", testEndedContext},
		{"faults", testFaults},
		{"closed", testClosed},
	} {
		t.Run(test.name, func(t *testing.T) { test.run(t, open(t)) })
	}
}

// oddIDs are ids that the decoder accepts and that wrong quoting or splitting would break.
var oddIDs = []string{
	"7", "-0012", `"quoted"`, `back\slash`, "<b>&amp;</b>", "Zürich-Süd", "東京店", "🛒", "a/b|c,d;e", "'; DROP--",
	"%s%00", "null",
	"[1]", "é", strings.Repeat("ü", 64), "*", "store", "$-1",
}

func testVisible(t *testing.T, target Target) {
	write(t, target, nil)
	var records []Record
	for i, store := range oddIDs {
		for j, product := range oddIDs {
			records = append(records, Record{Key{store, product}, 1, int64(i*len(oddIDs)+j) - 100})
		}
	}
	write(t, target, records)
	expect(t, target, records)
}

func testRepeat(t *testing.T, target Target) {
	records := batch("repeat", 50, 1)
	for range 3 {
		write(t, target, records)
	}
	expect(t, target, records)
}

func testSameKey(t *testing.T, target Target) {
	key, other := Key{"s", "twice"}, Key{"s", "once"}
	write(t, target, []Record{{key, 1, 10}, {other, 1, 5}, {key, 2, 20}, {key, 3, -30}})
	expect(t, target, []Record{{other, 1, 5}, {key, 3, -30}})
}

func testVersions(t *testing.T, target Target) {
	if !target.Versioned {
		first, last := Record{Key{"s", "p"}, 2, 2}, Record{Key{"s", "p"}, 1, 1}
		write(t, target, []Record{first})
		write(t, target, []Record{last})
		expect(t, target, []Record{last})
		return
	}
	const newest = 1<<53 - 1 // the greatest version there can be
	key := Key{"s", "p"}
	for _, r := range []Record{{key, newest - 1, 1}, {key, newest, 2}, {key, newest - 1, 3}, {key, 9, 4}} {
		write(t, target, []Record{r})
	}
	write(t, target, []Record{{key, newest, 2}, {key, newest - 1, 5}})
	expect(t, target, []Record{{key, newest, 2}})
}

func testLargeBatch(t *testing.T, target Target) {
	records := batch("large", 25_000, 1)
	write(t, target, records)
	expect(t, target, records)
}

func testConcurrent(t *testing.T, target Target) {
	const writers, rounds = 8, 10
	var wg sync.WaitGroup
	for w := range writers {
		wg.Go(func() {
			for round := range rounds {
				records := batch(fmt.Sprint("writer", w), 100, int64(round))
				if target.Versioned { // all writers write one more key
					version := int64(round*writers + w)
					records = append(records, Record{Key{"shared", "p"}, version, version})
				}
				if err := target.Write(context.Background(), records); err != nil {
					t.Errorf("writer %d: %v", w, err)
				}
			}
		})
	}
	wg.Wait()
	var want []Record
	for w := range writers {
		want = append(want, batch(fmt.Sprint("writer", w), 100, rounds-1)...)
	}
	if target.Versioned {
		want = append(want, Record{Key{"shared", "p"}, writers*rounds - 1, writers*rounds - 1})
	}
	expect(t, target, want)
}

func testEndedContext(t *testing.T, target Target) {
	cause := errors.New("the test has ended it")
	ctx, cancel := context.WithCancelCause(context.Background())
	cancel(cause)
	if err := target.Write(ctx, batch("ended", 10, 1)); !errors.Is(err, cause) {
		t.Errorf("a write whose context has ended returns %v, want its cause", err)
	}
	write(t, target, batch("ended", 10, 2))
	expect(t, target, batch("ended", 10, 2))
}

func testFaults(t *testing.T, target Target) {
	for _, fault := range target.Faults {
		t.Run(fault.Name, func(t *testing.T) {
			write(t, target, batch(fault.Name, 100, 1)) // connections and files are open
			fault.Down()
			up := sync.OnceFunc(fault.Up)
			defer up()

			cause := errors.New("the test has ended it")
			ctx, cancel := context.WithCancelCause(context.Background())
			defer cancel(nil)
			ended, blocked := make(chan error, 1), make(chan error, 1)
			go func() { ended <- target.Write(ctx, batch(fault.Name+" ended", 100, 2)) }()
			go func() { blocked <- target.Write(context.Background(), batch(fault.Name, 100, 3)) }()
			select {
			case err := <-ended:
				t.Fatalf("a write to a target that is down returned %v", err)
			case err := <-blocked:
				t.Fatalf("a write to a target that is down returned %v", err)
			case <-time.After(stillBlocked):
			}

			cancel(cause)
			if err := within(t, promptly, ended); !errors.Is(err, cause) {
				t.Errorf("a write whose context ended returned %v, want its cause", err)
			}
			up()
			if err := within(t, recovered, blocked); err != nil {
				t.Errorf("a write to a target that came back returned %v", err)
			}
			write(t, target, batch(fault.Name, 100, 4))
			expect(t, target, batch(fault.Name, 100, 4))
		})
	}
}

func testClosed(t *testing.T, target Target) {
	write(t, target, batch("closed", 10, 1)) // connections and files are open
	fault := target.Faults[0]
	fault.Down()
	defer fault.Up()
	blocked, closed := make(chan error, 1), make(chan error, 1)
	go func() { blocked <- target.Write(context.Background(), batch("closed", 10, 2)) }()
	select {
	case err := <-blocked:
		t.Fatalf("a write to a target that is down returned %v", err)
	case <-time.After(stillBlocked):
	}
	go func() { closed <- target.Close() }()
	if err := within(t, promptly, closed); err != nil {
		t.Errorf("Close returned %v", err)
	}
	if err := within(t, promptly, blocked); !errors.Is(err, retry.ErrClosed) {
		t.Errorf("a write under way returned %v, want %v", err, retry.ErrClosed)
	}
	if err := target.Write(context.Background(), batch("closed", 10, 3)); !errors.Is(err, retry.ErrClosed) {
		t.Errorf("a write after Close returned %v, want %v", err, retry.ErrClosed)
	}
}

// batch returns n records whose values differ by version.
func batch(store string, n int, version int64) []Record {
	records := make([]Record, n)
	for i := range records {
		records[i] = Record{Key{store, fmt.Sprint("p", i)}, version, version*1_000_000 + int64(i)}
	}
	return records
}

func write(t *testing.T, target Target, records []Record) {
	t.Helper()
	done := make(chan error, 1)
	go func() { done <- target.Write(context.Background(), records) }()
	if err := within(t, recovered, done); err != nil {
		t.Fatalf("write %d records: %v", len(records), err)
	}
}

func within(t *testing.T, d time.Duration, done <-chan error) error {
	t.Helper()
	select {
	case err := <-done:
		return err
	case <-time.After(d):
		t.Fatalf("the write has not returned within %v", d)
		return nil
	}
}

func expect(t *testing.T, target Target, want []Record) {
	t.Helper()
	keys := make([]Key, len(want))
	for i, r := range want {
		keys[i] = r.Key
	}
	got := target.Read(t, keys)
	wrong := 0
	for _, r := range want {
		if value, ok := got[r.Key]; !ok || value != r.Value {
			if wrong++; wrong <= 5 {
				t.Errorf("%q holds %d (there: %v), want %d", r.Key, value, ok, r.Value)
			}
		}
	}
	if wrong > 5 {
		t.Errorf("%d of %d keys are wrong", wrong, len(want))
	}
}
