package sources

import (
	"sync"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

const (
	// silentAfter is how long a pull may stay without an answer. The service answers one that finds no message after at most about a
	// minute and a half; a network that swallows packets never does.
	silentAfter = 5 * time.Minute
	// logEvery is how often pulls that keep failing are logged.
	logEvery = 5 * time.Second
)

// Reach is whether a subscription can be pulled from.
type Reach struct {
	// Up reports whether the last pull was answered, and the one under way, if any, is not overdue.
	Up bool
	// Problem is why Up is false. It holds no text of the service's.
	Problem string
	// AnsweredAt is when the service last answered a pull, with or without messages; zero before the first answer.
	AnsweredAt time.Time
	// Opened is when the process began to pull.
	Opened time.Time
	// Since is when Up became false; zero while it is true.
	Since time.Time
}

// reach keeps what pulls have come to. It is safe for concurrent use.
type reach struct {
	mu       sync.Mutex
	opened   time.Time
	asked    time.Time // when the pull under way began; zero while there is none
	answered time.Time
	failed   time.Time // when the first of the failures since the last answer came; zero without one
	code     codes.Code
	logged   time.Time
	unlogged int
}

func newReach(now time.Time) *reach { return &reach{opened: now} }

// ask notes that a pull begins. first reports whether none has been answered since the start or the last failure.
func (r *reach) ask(now time.Time) (first bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.asked = now
	return r.answered.IsZero() || !r.failed.IsZero()
}

// answer notes that the service has answered.
func (r *reach) answer(now time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.asked, r.answered, r.failed, r.logged, r.unlogged = time.Time{}, now, time.Time{}, time.Time{}, 0
}

// fail notes that a pull has failed. It returns how many failures a line of the log should stand for; 0 is no line.
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

// state is the Reach at a time.
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
