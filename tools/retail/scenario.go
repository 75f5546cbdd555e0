package retail

import (
	"errors"
	"fmt"
	"time"
)

// Scenario is a situation that a World plays when it is asked to.
type Scenario struct {
	Name  string // such as late_count
	Title string // shown to people
	Watch string // one sentence on what to watch
	play  func(w *World, p *Play)
}

// Play is a scenario that was started.
type Play struct {
	Product, Store string // ids of what to watch; empty: all of them
	Text           string // what happens now
	Running        bool
}

var scenarios = [...]Scenario{
	{"late_count", "Late count",
		"The on-hand steps to the count when it arrives, 20 minutes late. Sales since the count are applied again; " +
			"a till's sales from before the count are dropped.", (*World).lateCount},
	{"till_offline", "Till offline",
		"Hours of sales arrive at once, and each lands in the minute in which it occurred.", (*World).tillOffline},
	{"viral", "Viral product",
		"Views, cart adds and sales rise, High Demand comes, and it goes by decay alone.", (*World).viral},
	{"duplicate_storm", "Duplicate storm",
		"The number of duplicates rises, and the stock stays right.", (*World).duplicateStorm},
}

// Scenarios returns what a World can play.
func Scenarios() []Scenario { return scenarios[:] }

// The errors of World.Start.
var (
	ErrUnknownScenario = errors.New("there is no such scenario")
	ErrRunning         = errors.New("the scenario is running already")
)

// Start plays a scenario from now on.
func (w *World) Start(name string) (Play, error) {
	for _, s := range scenarios {
		if s.Name != name {
			continue
		}
		if p := w.plays[name]; p != nil && p.Running {
			return *p, ErrRunning
		}
		p := &Play{Running: true}
		w.plays[name] = p
		s.play(w, p)
		return *p, nil
	}
	return Play{}, fmt.Errorf("%w: %q", ErrUnknownScenario, name)
}

// Plays returns the scenarios that were started, by name, as they stand now.
func (w *World) Plays() map[string]Play {
	plays := make(map[string]Play, len(w.plays))
	for name, p := range w.plays {
		plays[name] = *p
	}
	return plays
}

// concern sets what the play is about.
func (w *World) concern(p *Play, s *store, product int) {
	p.Store, p.Product = s.ID, w.products[product].ID
}

// then sets the text of a play at a time, epoch ms.
func (w *World) then(p *Play, at int64, text string) { w.at(at, func() { p.Text = text }) }

// end ends a play at a time, epoch ms.
func (w *World) end(p *Play, at int64, text string) {
	w.at(at, func() { p.Text, p.Running = text, false })
}

// timeOfDay returns a time as people read it.
func timeOfDay(ms int64) string { return time.UnixMilli(ms).UTC().Format("15:04") }

// anyShop returns a shop that is open now, or any shop if all are closed.
func (w *World) anyShop() *store {
	if s := w.openShop(); s != nil {
		return s
	}
	return w.shops()[w.rng.IntN(len(w.shops()))]
}

// bestSeller returns a product that sells well in a store. If there is no such product of which
// there are many units, it returns the one with the most.
func (w *World) bestSeller(s *store) int {
	const many = 40
	fullest := w.popularity.byRank[0]
	for _, p := range w.popularity.byRank {
		if s.shelves[p].onHand >= many && w.chance(0.3) {
			return p
		}
		if s.shelves[p].onHand > s.shelves[fullest].onHand {
			fullest = p
		}
	}
	return fullest
}

// sell sells a unit of a product, if there is one, at the time sold. The message is sent at the
// time sent. Both are epoch ms.
func (w *World) sell(s *store, t *till, product int, sold, sent int64) {
	if w.take(s, product, 1) {
		w.singleSale(s, s.nextOrder(t), 1, line{product, 1}, sold, sent, false)
	}
}

// lateCount counts a product of which some units are gone unnoticed. The count is sent 20 minutes
// later, and after it the sales that a till made before the count.
func (w *World) lateCount(p *Play) {
	s := w.anyShop()
	product := w.bestSeller(s)
	w.concern(p, s, product)
	counted, sent, late := w.now, w.now+minutes(20), w.now+minutes(30)
	t := &s.tills[w.rng.IntN(len(s.tills))]
	for ago := minutes(20); ago > 0; ago -= minutes(4) {
		w.sell(s, t, product, counted-ago, late+w.between(0, 20*time.Second))
	}
	sh := &s.shelves[product]
	sh.onHand = max(0, sh.onHand-max(3, sh.onHand/5))
	found := count{s, product, sh.onHand, counted, w.newID("late")}
	w.postCount(found, sent)
	for at := counted + minutes(1); at < late+minutes(10); at += minutes(1) {
		w.at(at, func() { w.sell(s, t, product, w.now, w.now+w.network()) })
	}
	name := w.products[product].Name
	p.Text = fmt.Sprintf("%s found %d units of %s at %s. The count is sent at %s, and sales go on.",
		s.Name, found.units, name, timeOfDay(counted), timeOfDay(sent))
	w.then(p, sent, fmt.Sprintf("The count of %s has arrived: %d units of %s, less what %s has sold since.",
		timeOfDay(counted), found.units, name, s.Name))
	w.then(p, late, fmt.Sprintf("A till sends sales from before %s. The count includes them, so they are dropped.",
		timeOfDay(counted)))
	w.end(p, late+minutes(10), fmt.Sprintf("The count of %s holds.", timeOfDay(counted)))
}

// tillOffline lets a till come back in half an hour that has been offline for two hours and a half.
func (w *World) tillOffline(p *Play) {
	s := w.anyShop()
	product := w.bestSeller(s)
	w.concern(p, s, product)
	since, back := w.now-minutes(150), w.now+minutes(30)
	t := &s.tills[w.rng.IntN(len(s.tills))]
	t.offlineUntil = back
	for sold := since; sold < back; sold += w.between(time.Minute, 3*time.Minute) {
		w.at(sold, func() { w.sell(s, t, product, sold, back+w.between(0, 20*time.Second)) })
	}
	p.Text = fmt.Sprintf("Till %d of %s has been offline since %s. It sells on, and is back at %s.",
		t.number, s.Name, timeOfDay(since), timeOfDay(back))
	w.then(p, back, fmt.Sprintf("Till %d of %s is back and sends its sales since %s at once, many of them of %s.",
		t.number, s.Name, timeOfDay(since), w.products[product].Name))
	w.end(p, back+minutes(10), fmt.Sprintf("The sales of till %d of %s are counted, each in its minute.",
		t.number, s.Name))
}

// viral lets a product go viral for 45 minutes. Its sales leave the last hour an hour later.
func (w *World) viral(p *Play) {
	product := w.rare()
	p.Product = w.products[product].ID
	w.receive(w.online, product, 4*w.online.shelves[product].lot)
	until := w.now + minutes(45)
	w.goViral(product, until, 2)
	name := w.products[product].Name
	p.Text = fmt.Sprintf("%s is going viral: views, cart adds and sales rise until %s.", name, timeOfDay(until))
	w.then(p, until, fmt.Sprintf("The trend of %s is over. What it sold leaves the last hour, minute by minute.", name))
	w.end(p, until+minutes(65), fmt.Sprintf("The trend of %s has left the last hour.", name))
}

// stormCopies is how often each message is delivered again during a storm.
const stormCopies = 4

// duplicateStorm delivers every message five times for a quarter of an hour.
func (w *World) duplicateStorm(p *Play) {
	w.stormUntil = w.now + minutes(15)
	p.Text = fmt.Sprintf("Every message is delivered %d times until %s.", stormCopies+1, timeOfDay(w.stormUntil))
	w.end(p, w.stormUntil, "Each message is delivered only once from now on.")
}

// minutes returns n minutes in ms.
func minutes(n int64) int64 { return n * time.Minute.Milliseconds() }
