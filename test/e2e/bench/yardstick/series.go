package yardstick

import (
	"slices"

	"github.com/beamlytics/streamlytics/event"
	"github.com/beamlytics/streamlytics/signal"
)

const (
	minuteMs = 60_000
	hourMs   = 60 * minuteMs
	dayMs    = 24 * hourMs
)

// series counts by the minute.
type series struct {
	store, product string
	minutes        []minute // in order
	moved          bool     // since it was last written
}

type minute struct {
	at                  int64 // its number since the epoch
	units, views, carts int64
}

func (s *series) add(e *event.UnifiedInventoryEvent) {
	at := e.OccurredAt / minuteMs
	i, found := slices.BinarySearchFunc(s.minutes, at, func(m minute, at int64) int { return int(m.at - at) })
	if !found {
		s.minutes = slices.Insert(s.minutes, i, minute{at: at})
	}
	switch m := &s.minutes[i]; e.Type {
	case event.Sale:
		m.units += e.Quantity
	case event.View:
		m.views += e.Quantity
	case event.CartAdd:
		m.carts += e.Quantity
	}
}

func (s *series) signal(nowMs int64) signal.Velocity {
	v := signal.Velocity{StoreID: s.store, ProductID: s.product, AsOf: nowMs}
	for _, m := range s.minutes {
		if m.at <= (nowMs-dayMs)/minuteMs {
			continue
		}
		v.UnitsDay += m.units
		v.ViewsDay += m.views
		v.CartsDay += m.carts
		v.Expires = (m.at+1)*minuteMs + dayMs
		if m.at > (nowMs-hourMs)/minuteMs {
			v.UnitsHour += m.units
			v.ViewsHour += m.views
			v.CartsHour += m.carts
		}
	}
	return v
}
