package replay

import (
	"iter"
	"math/rand/v2"
)

// disturbance turns a recording in order into what a network delivers. The result depends on the
// recording and the seed only.
type disturbance struct {
	limit      int64   // events to take; 0 = all
	duplicates float64 // share of events that are repeated, 0 to 1
	late       float64 // share of events that follow after all others, 0 to 1
	disorder   int     // length of the runs that are shuffled; below 2: none
	seed       uint64
}

// apply yields the disturbed recording. It calls each once for every event, in the recorded order.
func (d disturbance) apply(records iter.Seq2[record, error], each func(record)) iter.Seq2[record, error] {
	random := rand.New(rand.NewPCG(d.seed, 0))
	all := repeated(limited(records, d.limit, each), d.duplicates, random)
	return shuffled(delayed(all, d.late, random), d.disorder, random)
}

func limited(records iter.Seq2[record, error], limit int64, each func(record)) iter.Seq2[record, error] {
	return func(yield func(record, error) bool) {
		taken := int64(0)
		for r, err := range records {
			if err == nil {
				each(r)
				taken++
			}
			if !yield(r, err) || taken == limit {
				return
			}
		}
	}
}

// repeated yields a share of the records twice in a row.
func repeated(records iter.Seq2[record, error], share float64, random *rand.Rand) iter.Seq2[record, error] {
	return func(yield func(record, error) bool) {
		for r, err := range records {
			if !yield(r, err) || err == nil && random.Float64() < share && !yield(r, nil) {
				return
			}
		}
	}
}

// delayed yields a share of the records after all others.
func delayed(records iter.Seq2[record, error], share float64, random *rand.Rand) iter.Seq2[record, error] {
	return func(yield func(record, error) bool) {
		var held []record
		for r, err := range records {
			if err == nil && random.Float64() < share {
				held = append(held, r)
				continue
			}
			if !yield(r, err) {
				return
			}
		}
		for _, r := range held {
			if !yield(r, nil) {
				return
			}
		}
	}
}

// shuffled yields each run of window records in random order, so that no record moves by window
// places or more.
func shuffled(records iter.Seq2[record, error], window int, random *rand.Rand) iter.Seq2[record, error] {
	if window < 2 {
		return records
	}
	return func(yield func(record, error) bool) {
		var run []record
		flush := func() bool {
			random.Shuffle(len(run), func(i, j int) { run[i], run[j] = run[j], run[i] })
			for _, r := range run {
				if !yield(r, nil) {
					return false
				}
			}
			run = run[:0]
			return true
		}
		for r, err := range records {
			if err != nil {
				yield(r, err)
				return
			}
			if run = append(run, r); len(run) == window && !flush() {
				return
			}
		}
		flush()
	}
}
