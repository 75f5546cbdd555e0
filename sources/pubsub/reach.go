package pubsub

import (
	"sync"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

const (
	// silentAfter is how long a pull may stay without an answer. The service answers a pull without
	// messages within about a minute and a half; over a network that drops packets no answer
	// arrives.
	silentAfter = 5 * time.Minute
	// logEvery is how often pulls that keep failing are logged.
	logEvery = 5 * time.Second
)

// Reach is the state of pulling from a subscription.
type Reach struct {
	// Up reports whether the last pull was answered and the pull in progress, if any, is not
	// overdue.
	Up bool
	// Problem is why Up is false. It contains no text of the service's.
	Problem string
	// AnsweredAt is when the service last answered a pull, with or without messages; zero before
	// the first answer.
	AnsweredAt time.Time
	// Opened is when the process began to pull.
	Opened time.Time
	// Since is when Up became false; zero while it is true.
	Since time.Time
}

// reach records the outcome of pulls. It is safe for concurrent use.
type reach struct {
	mu       sync.Mutex
	opened   time.Time
	asked    time.Time // when the pull in progress began; zero while there is none
	answered time.Time
	failed   time.Time // time of the first failure since the last answer; zero without one
	code     codes.Code
	logged   time.Time
	unlogged int
}

func newReach(now time.Time) *reach { return &reach{opened: now} }

// ask records that a pull begins. first reports whether none was answered since the start or the
// last failure.
func (r *reach) ask(now time.Time) (first bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.asked = now
	return r.answered.IsZero() || !r.failed.IsZero()
}

// answer records that the service has answered.
func (r *reach) answer(now time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.asked, r.answered, r.failed, r.logged, r.unlogged = time.Time{}, now, time.Time{}, time.Time{}, 0
}

// fail records that a pull has failed. It returns the number of failures to log in one line, or 0
// if none is to be logged.
func (r *reach) fail(now time.Time, err error) (failures int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.asked, r.code = time.Time{}, status.Code(err)
	if r.failed.IsZero() {
		r.failed = now
	}
	r.unlogged++
	if !r.logged.IsZero() && now.Sub(r.logged) < logEvery {
		return 0
	}
	failures = r.unlogged
	r.logged, r.unlogged = now, 0
	return failures
}

// state returns the Reach at a time.
func (r *reach) state(now time.Time) Reach {
	r.mu.Lock()
	defer r.mu.Unlock()
	s := Reach{AnsweredAt: r.answered, Opened: r.opened}
	switch {
	case !r.failed.IsZero():
		s.Since, s.Problem = r.failed, r.code.String()
	case !r.asked.IsZero() && now.Sub(r.asked) > silentAfter:
		s.Since, s.Problem = r.asked, "no answer for "+silentAfter.String()
	case r.answered.IsZero():
		s.Since, s.Problem = r.opened, "no answer yet"
	default:
		s.Up = true
	}
	return s
}
