package retail

import (
	"math"
	"time"

	"github.com/beamlytics/streamlytics/event"
	"github.com/beamlytics/streamlytics/test/truth"
)

// A web session has pages, a list of products, then up to maxViews products that are viewed. Some
// products are added to the cart, and some carts are bought.
const (
	pageChance     = 0.25
	listChance     = 0.3
	maxViews       = 4
	cartChance     = 0.3
	purchaseChance = 0.4
	collectChance  = 0.15 // of the purchases: a shop fulfils them
)

// itemsPerSession returns the mean number of products that are bought in a session.
func itemsPerSession() float64 { return purchaseChance * cartChance * (maxViews + 1) / 2 }

func messagesPerSession() float64 {
	emptyCart := 0.0
	for views := 1; views <= maxViews; views++ {
		emptyCart += math.Pow(1-cartChance, float64(views)) / maxViews
	}
	return pageChance + listChance + (1+cartChance)*(maxViews+1)/2 + purchaseChance*(1-emptyCart)
}

// startWeb starts the sessions of the web shop.
func (w *World) startWeb() {
	sessions := w.cfg.EventsPerSecond * (1 - tillShare) / messagesPerSession()
	w.poisson(sessions*webPeak(), webShare, func() {
		products := make([]int, 1+w.rng.IntN(maxViews))
		for i := range products {
			products[i] = w.popularity.draw(w.rng)
		}
		w.session(products, cartChance, purchaseChance)
	})
}

// visitor is a visitor of the web shop.
type visitor struct {
	client string
	user   string // empty: not logged in
	style  style
}

// session schedules the visit of products, from now on.
func (w *World) session(products []int, toCart, toBuy float64) {
	v := visitor{client: w.newID("c"), style: style(w.rng.IntN(styles))}
	if w.chance(0.3) {
		v.user = w.newID("u")
	}
	t := w.now
	if w.chance(pageChance) {
		w.ignoredPage(v, t)
	}
	if w.chance(listChance) {
		t += w.between(time.Second, 20*time.Second)
		w.list(v, t)
	}
	var cart []line
	for _, p := range products {
		t += w.between(2*time.Second, 40*time.Second)
		w.view(v, t, p)
		if w.chance(toCart) {
			t += w.between(time.Second, 20*time.Second)
			l := line{p, w.units()}
			w.cartAdd(v, t, l)
			cart = append(cart, l)
		}
	}
	if len(cart) > 0 && w.chance(toBuy) {
		w.at(t+w.between(5*time.Second, 90*time.Second), func() { w.purchase(v, cart) })
	}
}

// postEcom posts a message at ms with an id, in the payload or in the attributes. A quantity of 0
// is left out, which means 1.
func (w *World) postEcom(ms int64, id string, m ecomMessage, l letter) {
	switch {
	case id == "": // the transaction id identifies it
	case w.chance(0.1):
		l.Attributes = eventID(id)
	default:
		m.EventID = id
	}
	l.Topic, l.Data = ECOM, encode(m)
	w.post(ms+w.network(), l)
}

// message returns a message of the visitor at ms.
func (v visitor) message(name string, ms int64, items ...ecomItem) ecomMessage {
	m := ecomMessage{Event: name, Timestamp: v.style.time(ms), ClientID: v.client, UserID: v.user}
	if len(items) > 0 {
		m.Ecommerce = &ecommerce{Items: items}
	}
	return m
}

// ignoredPage posts a page that concerns no product.
func (w *World) ignoredPage(v visitor, t int64) {
	name := "page_view"
	if w.chance(0.3) {
		name = "browse" // without items
	}
	w.postEcom(t, w.newID("p"), v.message(name, t), letter{ignored: true})
}

// list posts a page of several products. Each counts as a view.
func (w *World) list(v visitor, t int64) {
	var items []ecomItem
	var events []truth.Event
	for range 2 + w.rng.IntN(5) {
		p := w.popularity.draw(w.rng)
		items = append(items, ecomItem{ItemID: w.products[p].ID})
		events = append(events, w.webEvent(event.View, t, line{p, 1}))
	}
	w.postEcom(t, w.newID("l"), v.message("browse", t, items...), letter{events: events})
}

func (w *World) view(v visitor, t int64, product int) {
	p, stamp, once := w.products[product], t, false
	if w.chance(0.003) {
		// The visitor's clock is ahead. Such a view counts when it arrives.
		stamp, once = t+w.between(time.Hour, 8*time.Hour), true
	}
	m := v.message("view_item", stamp, ecomItem{ItemID: p.ID, Price: price(p.Cents)})
	seen := w.webEvent(event.View, stamp, line{product, 1})
	w.postEcom(t, w.newID("v"), m, letter{events: []truth.Event{seen}, once: once})
}

func (w *World) cartAdd(v visitor, t int64, l line) {
	name, p := "add_to_cart", w.products[l.product]
	if v.style == styleUTC {
		name = "add-to-cart" // the name in an older version of the shop's pages
	}
	m := v.message(name, t, ecomItem{p.ID, l.units, price(p.Cents)})
	w.postEcom(t, w.newID("a"), m, letter{events: []truth.Event{w.webEvent(event.CartAdd, t, l)}})
}

// purchase sells the products of the cart of which there are enough.
func (w *World) purchase(v visitor, cart []line) {
	from := w.online
	if w.chance(collectChance) {
		from = w.shops()[w.rng.IntN(len(w.shops()))]
	}
	var items []ecomItem
	var l letter
	for _, asked := range cart {
		if p := w.products[asked.product]; w.take(from, asked.product, asked.units) {
			items = append(items, ecomItem{p.ID, asked.units, price(p.Cents)})
			l.events = append(l.events, w.event(event.Sale, from, asked.product, asked.units))
		}
	}
	if len(items) == 0 {
		return
	}
	m, id := v.message("purchase", w.now), ""
	if w.chance(0.6) {
		m.Ecommerce = &ecommerce{Purchase: &ecomPurchase{TransactionID: w.newID("t"), Items: items}}
	} else {
		m.Ecommerce = &ecommerce{Items: items}
		id = w.newID("o")
	}
	if from != w.online {
		m.StoreID = from.ID
	}
	w.postEcom(w.now, id, m, l)
}

// webEvent returns an event of the web shop at ms.
func (w *World) webEvent(t event.Type, ms int64, l line) truth.Event {
	e := w.event(t, w.online, l.product, l.units)
	e.OccurredAt = ms
	return e
}
