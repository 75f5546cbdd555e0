package truth

import (
	"context"
	"testing"
	"time"
)

// TestAwait checks that it tries until nothing is wrong or the time is up, and returns the last
// report.
func TestAwait(t *testing.T) {
	for _, c := range []struct {
		right   int // the check that finds nothing wrong
		timeout time.Duration
		ok      bool
	}{{1, time.Minute, true}, {3, time.Minute, true}, {1 << 30, time.Millisecond, false}} {
		n := 0
		r, err := Await(t.Context(), c.timeout, func(context.Context) (Report, error) {
			if n++; n == 1 && c.right > 1 && c.ok {
				return Report{}, context.DeadlineExceeded
			}
			return Report{Stock: Faults{Missing: max(0, c.right-n)}}, nil
		})
		if err != nil || r.OK() != c.ok || c.ok && n != c.right {
			t.Errorf("%+v: %v, %v after %d checks", c, r, err, n)
		}
	}
}
