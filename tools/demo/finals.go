package demo

import (
	"fmt"
	"time"

	"github.com/beamlytics/streamlytics/event"
	"github.com/beamlytics/streamlytics/sinks/deadletters"
)

// tally is the outcome of a comparison.
type tally struct {
	compared, wrong int
	sample          string // the first difference, as text
}

func (t *tally) fault(format string, args ...any) {
	if t.wrong == 0 {
		t.sample = fmt.Sprintf(format, args...)
	}
	t.wrong++
}

// checkDeadLetters compares the number of dead letters by reason with the truth: those in the
// folder of a warehouse that were written since a time. If messages were delivered again, a letter
// may be there twice.
func checkDeadLetters(dir string, since time.Time, refused map[event.Reason]int64,
	redelivered bool) (t tally, err error) {
	found := map[event.Reason]int64{}
	for letter, err := range deadletters.Read(dir) {
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
