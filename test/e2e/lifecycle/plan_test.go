package lifecycle

import (
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/beamlytics/streamlytics/test/rig"
	"github.com/beamlytics/streamlytics/test/truth"
)

// plan makes up the moments and the events of a run, by its seed.
type plan struct {
	random *rand.Rand
	seed   uint64
	now    time.Time
	events int // of a life
	truth  *truth.Ledger
	lives  int
}

func newPlan(seed uint64, events int) *plan {
	return &plan{
		random: rand.New(rand.NewPCG(seed, 1)), seed: seed, now: time.Now(), events: events, truth: truth.NewLedger(),
	}
}

// still makes up events of products that occur nowhere else.
func (p *plan) still(products, events int) (messages []rig.Message) {
	for range products {
		p.lives++
		messages = append(messages, p.burst(events)...)
	}
	return messages
}

// life makes up the events of the next life. Those of a compaction are of one product in one store, because a log is begun anew
// when it has grown to three times what it was.
func (p *plan) life(of phase) []rig.Message {
	p.lives++
	o := rig.TraceOptions{Seed: p.seed<<16 + uint64(p.lives), Events: p.events, Until: p.now, Duplicates: 0.1, Prefix: fmt.Sprintf("l%d-", p.lives)}
	trace := rig.NewTrace(o)
	p.truth.Add(trace.Events...)
	messages := trace.Messages
	if of == compaction {
		messages = append(messages, p.burst(3*p.events/2)...)
	}
	p.random.Shuffle(len(messages), func(i, j int) { messages[i], messages[j] = messages[j], messages[i] })
	return messages
}

// burst is many events of a product that did not occur before, some of them twice.
func (p *plan) burst(n int) (messages []rig.Message) {
	product, store := fmt.Sprint("burst", p.lives), fmt.Sprint(p.random.IntN(10))
	for i := range n {
		e := truth.Event{ID: fmt.Sprint("b", i), Type: "SALE", Store: store, Product: product, Quantity: p.random.Int64N(5),
			OccurredAt: p.now.UnixMilli() - p.random.Int64N(2*3600*1000)}
		switch p.random.IntN(20) {
		case 0:
			e.Type = "RESET"
		case 1, 2:
			e.Type = "RECEIPT"
		}
		p.truth.Add(e)
		m := rig.Unified(e)
		messages = append(messages, m)
		if p.random.IntN(10) == 0 {
			messages = append(messages, m)
		}
	}
	return messages
}

// moment draws when to kill a life that begins with a number of logs.
func (p *plan) moment(of phase, logs int) moment {
	m := moment{phase: of, after: p.random.IntN(2) == 0}
	if p.random.IntN(3) > 0 {
		m.linger = 400 * time.Millisecond
	}
	switch of {
	case restore, rewriting: // between the second and the middle
		m.n = 2 + p.random.IntN(max(logs/2, 1))
	case compaction:
		m.n = 1 + p.random.IntN(2)
	case logging:
		m.n = 1 + p.random.IntN(40)
	case flow:
		m.n = 1 + p.random.IntN(400)
	case anyTime:
		m.n = p.random.IntN(700)
	}
	return m
}

// phases is the order in which to kill, drawn from how often each phase is due. There is no state to restore before the first.
func (p *plan) phases(due map[phase]int) []phase {
	var order []phase
	for _, of := range []phase{restore, rewriting, compaction, logging, flow, anyTime} {
		for range due[of] {
			order = append(order, of)
		}
	}
	p.random.Shuffle(len(order), func(i, j int) { order[i], order[j] = order[j], order[i] })
	return append([]phase{flow}, order...)
}
