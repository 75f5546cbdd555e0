package soak

import (
	"math/rand/v2"
	"syscall"
	"time"

	"google.golang.org/grpc/codes"

	"github.com/beamlytics/streamlytics/tools/pubsub/localpubsub"
)

// fault is one way to disturb the program. It returns when it is over.
type fault struct {
	name   string
	ends   bool // the program is ended and started again
	strike func(*soak)
}

var faults = []fault{
	{"none", false, func(*soak) {}},
	{"Redis hangs", false, func(s *soak) {
		s.redis.Pause()
		s.last()
		s.redis.Resume()
	}},
	{"Redis restarts", false, func(s *soak) {
		s.redis.Stop() // it saves
		s.last()
		s.redis.Restart()
	}},
	{"Redis loses data", false, func(s *soak) { // it goes back to what it saved last
		s.redis.Kill()
		s.redis.Restart()
	}},
	{"Redis slow", false, func(s *soak) {
		s.link.Delay(5*time.Millisecond, 50*time.Millisecond)
		s.last()
		s.link.Delay(0, 0)
	}},
	{"Redis unreachable", false, func(s *soak) {
		s.link.Cut()
		s.last()
		s.must(s.link.Mend())
	}},
	{"Pub/Sub unreachable", false, func(s *soak) {
		s.pubsub.Proxy.Cut()
		s.last()
		s.must(s.pubsub.Proxy.Mend())
	}},
	{"Pub/Sub fails", false, func(s *soak) {
		code := []codes.Code{codes.Unavailable, codes.DeadlineExceeded, codes.ResourceExhausted}[s.random.IntN(3)]
		s.must(s.pubsub.Inject(localpubsub.Faults{FailPulls: 10, FailAcks: 10, FailModifies: 3, Code: code}))
		s.last()
		s.must(s.pubsub.Inject(localpubsub.Faults{}))
	}},
	{"duplicates", false, func(s *soak) {
		s.must(s.pubsub.Inject(localpubsub.Faults{DuplicateShare: 0.2, Seed: s.random.Uint64()}))
		s.last()
		s.must(s.pubsub.Inject(localpubsub.Faults{}))
	}},
	{"SIGKILL", true, func(s *soak) {
		s.process.Kill()
		s.ended()
		s.start()
	}},
	{"SIGTERM", true, func(s *soak) {
		s.must(s.process.Signal(syscall.SIGTERM))
		s.mustDrain()
		s.start()
	}},
}

// schedule is the fault of each round: all faults once, in an order that is drawn, and again. In a long run the last rounds
// leave the program alive, so that what leaks has the time to show.
func schedule(random *rand.Rand, rounds int) []fault {
	var order []fault
	lastEnd := rounds
	if rounds >= long {
		lastEnd = rounds * 2 / 5
	}
	for len(order) < rounds {
		for _, i := range random.Perm(len(faults)) {
			if len(order) < rounds && !(faults[i].ends && len(order) >= lastEnd) {
				order = append(order, faults[i])
			}
		}
	}
	return order
}

// long is from how many rounds on a run is a long one.
const long = 30
