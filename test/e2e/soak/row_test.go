package soak

import (
	"fmt"
	"os"
	"time"

	"github.com/beamlytics/streamlytics/test/rig"
	"github.com/beamlytics/streamlytics/test/truth"
)

// row is what was found at the end of a round.
type row struct {
	round            int
	fault            string
	rate             float64 // events a second while they were published
	published, acked int64
	redelivered      int64
	recovery         time.Duration // from the end of publishing and of the fault until all was acknowledged and right
	rss              int64         // MB
	goroutines       int           // 0: not asked for
	openFiles        int
	report           truth.Report
}

const header = `| round | messages published | acked | events/s | RSS MB | goroutines | open files | redeliveries | fault | right after s | keys | wrong | missing | extra |
| ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | --- | ---: | ---: | ---: | ---: | ---: |`

func (r row) String() string {
	all := r.report.Total()
	recovery := r.recovery.Seconds()
	return fmt.Sprintf("| %d | %d | %d | %.0f | %d | %d | %d | %d | %s | %.1f | %d | %d | %d | %d |", r.round, r.published, r.acked, r.rate,
		r.rss, r.goroutines, r.openFiles, r.redelivered, r.fault, recovery, all.Keys, all.Wrong, all.Missing,
		all.Extra)
}

// measure asks the system, and for goroutines the program's summary. That is written every ten seconds, and one that is older
// than the rest of this round tells of the fault; wait says to wait for the next.
func (r *row) measure(p *rig.Process, wait bool) error {
	if m, err := p.Memory(); err == nil {
		r.rss = m.Resident >> 20
	}
	if n, err := p.OpenFiles(); err == nil {
		r.openFiles = n
	}
	if !wait {
		return nil
	}
	rests := time.Now()
	fresh := func() bool {
		s, err := p.Summary()
		written := p.Started().Add(time.Duration(s.UptimeS * float64(time.Second)))
		if err != nil || written.Before(rests) {
			return false
		}
		r.goroutines = s.Runtime.Goroutines
		return true
	}
	return p.Await("a summary is written", patience, fresh)
}

// print writes a line of the table to the log, and to the file if there is one.
func (s *soak) print(line string) {
	s.t.Helper()
	s.t.Log(line)
	if *table == "" {
		return
	}
	f, err := os.OpenFile(*table, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	s.must(err)
	_, err = fmt.Fprintln(f, line)
	s.must(err)
	s.must(f.Close())
}

// judgeGrowth holds the last rounds against the first.
func (s *soak) judgeGrowth() {
	s.t.Helper()
	var goroutines, files int // at most, of the first rounds
	first := 3
	for i, r := range s.rows {
		if r.rss > *maxRSS {
			s.t.Errorf("round %d: %d MB resident, at most %d are allowed", r.round, r.rss, *maxRSS)
		}
		if i < first {
			goroutines, files = max(goroutines, r.goroutines), max(files, r.openFiles)
			continue
		}
		if r.goroutines > 2*goroutines+200 {
			s.t.Errorf("round %d: %d goroutines, %d at most in the first rounds", r.round, r.goroutines, goroutines)
		}
		if r.openFiles > 2*files+50 {
			s.t.Errorf("round %d: %d open files, %d at most in the first rounds", r.round, r.openFiles, files)
		}
	}
	if n := len(s.rows); n >= long { // in its one life since before the middle
		middle, last := s.mostRSS(n/2, n*3/4), s.mostRSS(n*3/4, n)
		if last > middle*5/4 {
			s.t.Errorf("resident memory has grown from %d to %d MB in the last half", middle, last)
		}
	}
}

func (s *soak) mostRSS(from, to int) (most int64) {
	for _, r := range s.rows[from:to] {
		most = max(most, r.rss)
	}
	return most
}
