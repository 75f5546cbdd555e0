package jq

import (
	"os"
	"runtime"
	"runtime/metrics"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// quick is the number of lines of hostile.txt that -short runs.
const quick = 6

// TestHostilePrograms checks that programs without an end, or with a result of any size, are
// stopped, and that the heap stays bounded. The message has a megabyte.
func TestHostilePrograms(t *testing.T) {
	many := make([]any, 200_000)
	for i := range many {
		many[i] = i
	}
	input := map[string]any{"many": many, "text": strings.Repeat("a", 1<<20), "one": 1}
	content, err := os.ReadFile("testdata/hostile.txt")
	if err != nil {
		t.Fatal(err)
	}
	programs := strings.Split(strings.TrimSpace(string(content)), "\n")
	if testing.Short() {
		programs = programs[:quick]
	}
	for _, program := range programs {
		if strings.HasPrefix(program, "#") {
			continue
		}
		t.Run(program, func(t *testing.T) {
			p, err := Compile(program)
			if err != nil {
				t.Fatal(err)
			}
			peak := watchHeap()
			began := time.Now()
			outputs, err := p.Run(input, 1<<10)
			took, grown := time.Since(began), peak()
			if err == nil {
				t.Errorf("%d outputs", len(outputs))
			}
			if grown > 1<<30 {
				t.Errorf("the heap grew by %d MiB", grown>>20)
			}
			t.Logf("%v, %d MiB, %d steps: %v", took.Round(time.Millisecond), grown>>20, p.meter.steps, err)
		})
	}
}

// watchHeap measures the heap until the function that it returns is called, which returns by how
// many bytes it has grown at most.
func watchHeap() (peak func() uint64) {
	runtime.GC()
	size := func() uint64 {
		s := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
		metrics.Read(s)
		return s[0].Value.Uint64()
	}
	first := size()
	var most atomic.Uint64
	done, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		tick := time.NewTicker(time.Millisecond)
		defer tick.Stop()
		for {
			most.Store(max(most.Load(), size()))
			select {
			case <-done:
				return
			case <-tick.C:
			}
		}
	}()
	return func() uint64 {
		close(done)
		<-ended
		return max(most.Load(), size(), first) - first
	}
}
