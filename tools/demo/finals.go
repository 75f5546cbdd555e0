package demo

import (
	"context"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/beamlytics/streamlytics/event"
	"github.com/beamlytics/streamlytics/signal"
	"github.com/beamlytics/streamlytics/sinks"
	"github.com/beamlytics/streamlytics/tools/retail"
)

// tally is the outcome of a comparison.
type tally struct {
	compared, wrong int
	sample          string // what was wrong first, for a person
}

func (t *tally) fault(format string, args ...any) {
	if t.wrong == 0 {
		t.sample = fmt.Sprintf(format, args...)
	}
	t.wrong++
}

// checkVelocity compares the units sold in the last 24 hours of every product over all stores with the truth, when the pipeline
// has said everything. nowMs is at least the time of the last sale, epoch ms.
func checkVelocity(ctx context.Context, rdb redis.UniversalClient, truth *retail.Truth, products []retail.Product, nowMs int64) (t tally, err error) {
	keys := make([]string, len(products))
	for i, p := range products {
		keys[i] = signal.VelocityKey("", p.ID)
	}
	values, err := mget(ctx, rdb, keys)
	if err != nil {
		return t, fmt.Errorf("check velocity: %w", err)
	}
	for i, p := range products {
		v, err := parseVelocity(values[i])
		if err != nil {
			return t, fmt.Errorf("check velocity: %w", err)
		}
		if v.AsOf == 0 {
			v.AsOf = nowMs // there is no key because nothing is left by now
		}
		// Minutes count as a whole: what was sold in the minute of 24 hours before the evaluation, and after.
		minute := time.Minute.Milliseconds()
		since := v.AsOf/minute*minute - (24 * time.Hour).Milliseconds()
		want := truth.UnitsSold(p.ID, nowMs, time.Duration(nowMs-since+1)*time.Millisecond)
		t.compared++
		if v.UnitsDay != want {
			t.fault("%s has units_24h %d, the truth is %d", keys[i], v.UnitsDay, want)
		}
	}
	return t, nil
}

// checkDeadLetters compares the dead letters in a warehouse's folder that were written since a time with the truth, by reason. When
// messages were delivered again, a letter may be there twice.
func checkDeadLetters(dir string, since time.Time, refused map[event.Reason]int64, redelivered bool) (t tally, err error) {
	found := map[event.Reason]int64{}
	for letter, err := range sinks.ReadDeadLetters(dir) {
		if err != nil {
			return t, fmt.Errorf("check dead letters: %w", err)
		}
		if !letter.FailedAt.Before(since.Truncate(time.Millisecond)) {
			found[letter.Reason]++
		}
	}
	for _, reason := range event.Reasons {
		got, want := found[reason], refused[reason]
		t.compared += int(want)
		switch {
		case got == want, got > want && redelivered:
		case got > want:
			t.fault("%d dead letters are %s, the truth is %d", got, reason, want)
			t.wrong += int(got-want) - 1
		default:
			t.fault("%d dead letters are %s, the truth is %d", got, reason, want)
			t.wrong += int(want-got) - 1
		}
	}
	return t, nil
}
