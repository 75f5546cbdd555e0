package rows

import (
	"unicode/utf8"

	"github.com/beamlytics/streamlytics/event"
	"github.com/beamlytics/streamlytics/internal/clock"
	"github.com/beamlytics/streamlytics/signal"
)

// The methods in this file define what is in a row of each table. The schema files describe the
// same columns for readers. Names are snake_case, times have milliseconds, and an absent value is
// left out, so that BigQuery also loads the lines of JSON as they are. The scope of a signal's row
// is "store", or "global" for one over all stores, which has no store_id.

func (r *row) event(e *event.UnifiedInventoryEvent, ingestedAt int64) {
	r.text("event_id", e.ID)
	r.text("type", e.Type.String())
	r.text("store_id", e.StoreID)
	r.text("product_id", e.ProductID)
	r.integer("quantity", e.Quantity)
	r.time("occurred_at", e.OccurredAt)
	r.text("source", e.Source.String())
	r.optional("order_number", e.OrderNumber)
	r.optional("line", e.Line)
	if e.Price != "" {
		r.numeric("price", e.Price)
	}
	r.optional("user_id", e.UserID)
	r.optional("client_id", e.ClientID)
	r.optional("department_id", e.DepartmentID)
	if e.Item != event.NoItem {
		r.integer("item", int64(e.Item))
	}
	if m := e.Message; m != nil {
		r.optional("message_id", m.ID)
		if m.PublishedAt != 0 {
			r.time("published_at", m.PublishedAt)
		}
	}
	r.time("ingested_at", ingestedAt)
}

func (r *row) stock(s *signal.Stock) {
	r.key(s.StoreID, s.ProductID)
	r.integer("on_hand", s.OnHand)
	r.integer("version", s.Version)
	r.boolean("known", s.Known)
	if s.Barrier != 0 {
		r.time("barrier", s.Barrier)
	}
	r.time("as_of", s.AsOf)
	r.optional("badge", s.Badge)
}

// velocity adds the fields of the served value in their order; TestVelocityRow compares the two.
func (r *row) velocity(v *signal.Velocity) {
	r.text("product_id", v.ProductID)
	r.optional("store_id", v.StoreID)
	r.text("window", v.Window)
	r.integer("units_sold", v.UnitsSold())
	r.integer("units_1h", v.UnitsHour)
	r.integer("units_24h", v.UnitsDay)
	r.integer("views_1h", v.ViewsHour)
	r.integer("cart_adds_1h", v.CartsHour)
	r.integer("views_24h", v.ViewsDay)
	r.integer("cart_adds_24h", v.CartsDay)
	r.float("rate_per_hour", v.RatePerHour())
	if v.HighDemand {
		r.text("badge", signal.HighDemand)
	} else {
		r.null("badge")
	}
	var message [64]byte
	r.textBytes("message", v.AppendMessage(message[:0]))
	r.integer("as_of", v.AsOf)
	r.scope(v.StoreID)
	r.time("evaluated_at", v.AsOf)
	if v.Gone {
		r.boolean("gone", true)
	}
}

// badge adds the clock to each row: one archive may hold runs with different clocks, and
// ingested_at of the events is wall time. The column names avoid SQL's keywords (on, at).
func (r *row) badge(c *signal.BadgeChange, decidedBy clock.Clock) {
	r.key(c.StoreID, c.ProductID)
	r.text("badge", c.Badge)
	r.boolean("is_on", c.On)
	r.time("changed_at", c.At)
	if c.Badge == signal.LowStock {
		r.integer("on_hand", c.OnHand)
	} else {
		r.integer("score", c.Score)
		r.integer("views", c.Views)
		r.integer("cart_adds", c.CartAdds)
		r.integer("units", c.Units)
	}
	r.integer("enter", c.Enter)
	r.integer("exit", c.Exit)
	if decidedBy.IsWall() {
		r.float("clock_speed", 1)
		return
	}
	r.time("clock_origin", decidedBy.OriginMs)
	r.time("clock_started", decidedBy.StartMs)
	r.float("clock_speed", decidedBy.Speed)
}

// deadLetter adds text only if withText is set.
func (r *row) deadLetter(l *event.DeadLetter, withText bool) {
	m := l.Message
	r.bytes("raw", m.Data)
	if withText && utf8.Valid(m.Data) {
		r.textBytes("text", m.Data)
	} else {
		r.null("text")
	}
	r.object("attributes", m.Attributes)
	r.text("reason", string(l.Reason))
	r.text("detail", l.Detail)
	r.text("stage", string(l.Stage))
	r.text("source", m.Channel.String())
	if m.ID != "" {
		r.text("message_id", m.ID)
	} else {
		r.null("message_id")
	}
	if l.Item != event.NoItem {
		r.integer("item", int64(l.Item))
	} else {
		r.null("item")
	}
	if m.PublishedAt != 0 {
		r.time("published_at", m.PublishedAt)
	} else {
		r.null("published_at")
	}
	r.time("failed_at", l.FailedAt)
}

// key adds the scope and the key of a signal.
func (r *row) key(store, product string) {
	r.scope(store)
	r.optional("store_id", store)
	r.text("product_id", product)
}

func (r *row) scope(store string) {
	if store == "" {
		r.text("scope", "global")
	} else {
		r.text("scope", "store")
	}
}
