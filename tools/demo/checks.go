package demo

import (
	"context"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/beamlytics/streamlytics/event"
	"github.com/beamlytics/streamlytics/serving/page"
	"github.com/beamlytics/streamlytics/sinks/deadletters"
	"github.com/beamlytics/streamlytics/test/truth"
)

// checks compares stock with the truth. It is not safe for concurrent use.
type checks struct {
	rdb     redis.UniversalClient
	ledger  *truth.Ledger
	verdict page.Truth
	samples []string // the first differences, as text
}

// stock compares every stock key with the truth. If extra is set, it also finds keys that should
// not exist. All published messages must be processed before.
func (c *checks) stock(ctx context.Context, extra bool) error {
	report, err := truth.CheckStock(ctx, c.rdb, c.ledger.Stock(), extra)
	if err != nil {
		return fmt.Errorf("check the stock: %w", err)
	}
	found := report.Total()
	if found.Count() > 0 && c.verdict.Wrong == 0 {
		c.samples = found.Samples
	}
	c.verdict = page.Truth{Keys: int64(found.Keys), Wrong: max(c.verdict.Wrong, int64(found.Count())),
		CheckedWall: time.Now().UnixMilli()}
	return nil
}

// checkDeadLetters compares the number of dead letters by reason with the truth: those in the
// folder of a warehouse that were written since a time. If messages were delivered again, a letter
// may be there twice.
func checkDeadLetters(dir string, since time.Time, refused map[event.Reason]int64,
	redelivered bool) (faults truth.Faults, err error) {
	found := map[event.Reason]int64{}
	for letter, err := range deadletters.Read(dir) {
		if err != nil {
			return faults, fmt.Errorf("check dead letters: %w", err)
		}
		if !letter.FailedAt.Before(since.Truncate(time.Millisecond)) {
			found[letter.Reason]++
		}
	}
	for _, reason := range event.Reasons {
		got, want := found[reason], refused[reason]
		faults.Keys += int(want)
		if got == want || got > want && redelivered {
			continue
		}
		faults.Missing += int(max(0, want-got))
		faults.Extra += int(max(0, got-want))
		faults.Samples = append(faults.Samples,
			fmt.Sprintf("%d dead letters are %s, the truth is %d", got, reason, want))
	}
	return faults, nil
}
