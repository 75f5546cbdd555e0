package yardstick

import (
	"bytes"
	"fmt"
	"runtime"
	"sync"
	"time"

	"github.com/cespare/xxhash/v2"

	"github.com/beamlytics/streamlytics/event"
	"github.com/beamlytics/streamlytics/signal"
)

const (
	// batchEvents is after how many events what they touched is written.
	batchEvents = 5000
	// velocityEvery is how often velocity is written, wall time.
	velocityEvery = 2 * time.Second
)

// Write writes signals. It is called by every thread.
type Write func(stocks []signal.Stock, velocities []signal.Velocity) error

// Run works through unified events, one in each line, on as many threads. Each thread has its share
// of the stores and products, and decodes its share of the lines. GOMAXPROCS is set to threads
// meanwhile. Run returns how long that took. The error is the first of a write, or names the line
// that is no event.
func Run(lines [][]byte, threads int, write Write) (time.Duration, error) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(threads))
	start := time.Now()
	shards := make([]*shard, threads)
	for i := range shards {
		shards[i] = newShard(write)
	}
	var decoders, appliers sync.WaitGroup
	errs := make(chan error, 2*threads)
	for i := range threads {
		decoders.Go(func() {
			if err := decode(lines, i, threads, shards); err != nil {
				errs <- err
			}
		})
		appliers.Go(func() {
			if err := shards[i].run(); err != nil {
				errs <- err
			}
		})
	}
	decoders.Wait()
	for _, s := range shards {
		close(s.in)
	}
	appliers.Wait()
	select {
	case err := <-errs:
		return 0, err
	default:
		return time.Since(start), nil
	}
}

// Decode only decodes, on one thread, and returns how long that took. Each event is valid until
// each returns.
func Decode(lines [][]byte, each func(*event.UnifiedInventoryEvent)) (time.Duration, error) {
	start := time.Now()
	var d event.Decoder
	var out event.Decoded
	for i, line := range lines {
		e, err := decodeLine(&d, &out, line, start.UnixMilli())
		if err != nil {
			return 0, fmt.Errorf("line %d: %w", i+1, err)
		}
		each(e)
	}
	return time.Since(start), nil
}

func decodeLine(d *event.Decoder, out *event.Decoded, line []byte, nowMs int64) (*event.UnifiedInventoryEvent, error) {
	m := event.Message{Channel: event.FILE, Format: event.FormatUnified, Data: line}
	d.Decode(&m, nowMs, true, out)
	if len(out.Events) != 1 {
		return nil, fmt.Errorf("%s is not one event: %v", bytes.TrimSpace(line), out.Refusals)
	}
	return &out.Events[0], nil
}

// decode decodes every threads-th batch of lines and hands the events to the shards of their keys.
func decode(lines [][]byte, i, threads int, shards []*shard) error {
	var d event.Decoder
	var out event.Decoded
	now := time.Now().UnixMilli()
	for start := i * batchEvents; start < len(lines); start += threads * batchEvents {
		parts := make([][]event.UnifiedInventoryEvent, threads)
		for j, line := range lines[start:min(start+batchEvents, len(lines))] {
			e, err := decodeLine(&d, &out, line, now)
			if err != nil {
				return fmt.Errorf("line %d: %w", start+j+1, err)
			}
			n := int(xxhash.Sum64String(e.ProductID) % uint64(threads)) // products whole, for their sums
			parts[n] = append(parts[n], *e)
		}
		for n, part := range parts {
			shards[n].in <- part
		}
	}
	return nil
}
