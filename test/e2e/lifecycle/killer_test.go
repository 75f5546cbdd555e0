package lifecycle

import (
	"fmt"
	"sync"
	"time"

	"github.com/beamlytics/streamlytics/test/redistest"
	"github.com/beamlytics/streamlytics/test/rig"
)

// phase is what the program is about when it is killed.
type phase string

const (
	restore    phase = "restore"    // some of the keys with state are read, not all
	rewriting  phase = "rewriting"  // restored keys write their logs anew
	compaction phase = "compaction" // a log that has grown is begun anew
	logging    phase = "logging"    // a log is appended to
	flow       phase = "flow"       // events are being taken
	anyTime    phase = "any time"   // some time after the start, whatever it is about
)

// moment is when to kill one life of the program.
type moment struct {
	phase phase
	n     int  // at the n-th command of the phase, or n milliseconds after the start
	after bool // Redis has the command, and the program does not know; else Redis never gets it
	// linger holds the command for a while before the kill. What the program acknowledges meanwhile although it rests on the
	// command is lost then.
	linger time.Duration
}

func (m moment) String() string {
	if m.phase == anyTime {
		return fmt.Sprintf("%d ms after the start", m.n)
	}
	side := "before"
	if m.after {
		side = "after"
	}
	return fmt.Sprintf("%v %s command %d of %s", m.linger, side, m.n, m.phase)
}

// killer watches what one life of the program says to Redis and ends it when the moment has come.
type killer struct {
	moment  moment
	process chan *rig.Process // the process to kill, once it is known
	fired   chan struct{}     // closed when the moment has come

	mu      sync.Mutex
	counts  map[kind]int
	written map[string]bool // logs that this life has written
	all     int             // commands since the first signal was written
	done    bool
}

func newKiller(m moment) *killer {
	return &killer{
		moment: m, process: make(chan *rig.Process, 1), fired: make(chan struct{}),
		counts: map[kind]int{}, written: map[string]bool{},
	}
}

// watch is what the tap calls.
func (k *killer) watch(command []string) redistest.Act {
	k.mu.Lock()
	defer k.mu.Unlock()
	what := kindOf(command, k.written)
	k.counts[what]++
	if k.counts[say] > 0 {
		k.all++
	}
	if k.done || !k.hits(what) {
		return redistest.Act{}
	}
	k.done = true
	close(k.fired)
	if k.moment.after {
		return redistest.Act{After: k.kill, Break: true}
	}
	k.counts[what]-- // Redis never gets it
	return redistest.Act{Before: k.kill, Break: true}
}

func (k *killer) hits(what kind) bool {
	switch k.moment.phase {
	case restore:
		return what == claim && k.counts[claim] == k.moment.n
	case rewriting:
		return what == rewrite && k.counts[rewrite] == k.moment.n
	case compaction:
		return what == compact && k.counts[compact] == k.moment.n
	case logging:
		return what == extend && k.counts[extend] == k.moment.n
	case flow:
		return k.all == k.moment.n
	}
	return false
}

// kill returns when the process is gone.
func (k *killer) kill() {
	time.Sleep(k.moment.linger)
	p := <-k.process
	p.Kill()
	k.process <- p
}

// has reports whether the moment has come.
func (k *killer) has() bool {
	select {
	case <-k.fired:
		return true
	default:
		return false
	}
}

// count is how many commands of a kind were seen.
func (k *killer) count(what kind) int {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.counts[what]
}
