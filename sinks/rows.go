package sinks

import (
	"strconv"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/beamlytics/streamlytics/event"
	"github.com/beamlytics/streamlytics/signal"
)

// The functions of this file append one row of a warehouse table to b: a JSON object on a line of its own, with its end.
// Names are snake_case, times are RFC 3339 in UTC with milliseconds, and what is absent is left out, so that BigQuery loads
// the lines as they are. The scope of a signal's row is "store", or "global" for one over all stores, which has no store_id.

// AppendEvent appends a row of TableEvents. ingestedAt is the wall clock in epoch ms.
func AppendEvent(b []byte, e event.Event, ingestedAt int64) []byte {
	b = append(b, `{"event_id":`...)
	b = appendString(b, e.ID)
	b = append(b, `,"type":"`...)
	b = append(b, e.Type.String()...)
	b = append(b, `","store_id":`...)
	b = appendString(b, e.StoreID)
	b = append(b, `,"product_id":`...)
	b = appendString(b, e.ProductID)
	b = append(b, `,"quantity":`...)
	b = strconv.AppendInt(b, e.Quantity, 10)
	b = append(b, `,"occurred_at":`...)
	b = appendTime(b, e.OccurredAt)
	b = append(b, `,"source":"`...)
	b = append(b, e.Source.String()...)
	b = append(b, '"')
	b = appendOptional(b, `,"order_number":`, e.OrderNumber)
	b = appendOptional(b, `,"line":`, e.Line)
	if e.Price != "" {
		b = append(b, `,"price":`...)
		b = append(b, e.Price...)
	}
	b = appendOptional(b, `,"user_id":`, e.UserID)
	b = appendOptional(b, `,"client_id":`, e.ClientID)
	b = appendOptional(b, `,"department_id":`, e.DepartmentID)
	if e.Item != event.NoItem {
		b = append(b, `,"item":`...)
		b = strconv.AppendInt(b, int64(e.Item), 10)
	}
	if m := e.Message; m != nil {
		b = appendOptional(b, `,"message_id":`, m.ID)
		if m.PublishedAt != 0 {
			b = append(b, `,"published_at":`...)
			b = appendTime(b, m.PublishedAt)
		}
	}
	b = append(b, `,"ingested_at":`...)
	b = appendTime(b, ingestedAt)
	return append(b, "}\n"...)
}

// AppendStockChange appends a row of TableStockChanges. Scope, store_id, product_id and version identify it.
func AppendStockChange(b []byte, s signal.Stock) []byte {
	b = appendKey(append(b, '{'), s.StoreID, s.ProductID)
	b = append(b, `,"on_hand":`...)
	b = strconv.AppendInt(b, s.OnHand, 10)
	b = append(b, `,"version":`...)
	b = strconv.AppendInt(b, s.Version, 10)
	b = append(b, `,"known":`...)
	b = strconv.AppendBool(b, s.Known)
	if s.Barrier != 0 {
		b = append(b, `,"barrier":`...)
		b = appendTime(b, s.Barrier)
	}
	b = append(b, `,"as_of":`...)
	b = appendTime(b, s.AsOf)
	b = appendOptional(b, `,"badge":`, s.Badge)
	return append(b, "}\n"...)
}

// AppendVelocity appends a row of TableVelocitySignals: the value of the Redis key as it is served (as_of in epoch ms), with
// scope, evaluated_at (as_of as a time) and, when the key was deleted, gone. Scope, store_id, product_id and as_of
// identify it.
func AppendVelocity(b []byte, v signal.Velocity) []byte {
	b = v.AppendJSON(b)
	b = b[:len(b)-1] // reopen the object
	b = append(b, `,"scope":`...)
	b = appendScope(b, v.StoreID)
	b = append(b, `,"evaluated_at":`...)
	b = appendTime(b, v.AsOf)
	if v.Gone {
		b = append(b, `,"gone":true`...)
	}
	return append(b, "}\n"...)
}

// AppendBadgeChange appends a row of TableBadgeChanges with the evidence that its badge rests on. Badge, scope, store_id,
// product_id and changed_at identify it. The names avoid SQL's words (on, at).
func AppendBadgeChange(b []byte, c signal.BadgeChange) []byte {
	b = appendKey(append(b, '{'), c.StoreID, c.ProductID)
	b = append(b, `,"badge":`...)
	b = appendString(b, c.Badge)
	b = append(b, `,"is_on":`...)
	b = strconv.AppendBool(b, c.On)
	b = append(b, `,"changed_at":`...)
	b = appendTime(b, c.At)
	if c.Badge == signal.LowStock {
		b = append(b, `,"on_hand":`...)
		b = strconv.AppendInt(b, c.OnHand, 10)
	} else {
		b = append(b, `,"score":`...)
		b = strconv.AppendInt(b, c.Score, 10)
		b = append(b, `,"views":`...)
		b = strconv.AppendInt(b, c.Views, 10)
		b = append(b, `,"cart_adds":`...)
		b = strconv.AppendInt(b, c.CartAdds, 10)
		b = append(b, `,"units":`...)
		b = strconv.AppendInt(b, c.Units, 10)
	}
	b = append(b, `,"enter":`...)
	b = strconv.AppendInt(b, c.Enter, 10)
	b = append(b, `,"exit":`...)
	b = strconv.AppendInt(b, c.Exit, 10)
	return append(b, "}\n"...)
}

// AppendDeadLetter appends a row of TableDeadLetters.
func AppendDeadLetter(b []byte, l event.DeadLetter) []byte {
	return append(l.AppendJSON(b), '\n')
}

// appendKey appends the scope and key of a signal's row.
func appendKey(b []byte, store, product string) []byte {
	b = append(b, `"scope":`...)
	b = appendScope(b, store)
	b = appendOptional(b, `,"store_id":`, store)
	b = append(b, `,"product_id":`...)
	return appendString(b, product)
}

func appendScope(b []byte, store string) []byte {
	if store == "" {
		return append(b, `"global"`...)
	}
	return append(b, `"store"`...)
}

// appendOptional appends name (with what comes before and after it) and s, or nothing when s is empty.
func appendOptional(b []byte, name, s string) []byte {
	if s == "" {
		return b
	}
	return appendString(append(b, name...), s)
}

func appendTime(b []byte, ms int64) []byte {
	return time.UnixMilli(ms).UTC().AppendFormat(b, `"2006-01-02T15:04:05.000Z"`)
}

// appendString appends s as a JSON string; invalid UTF-8 becomes U+FFFD.
func appendString(b []byte, s string) []byte {
	b, _ = jsontext.AppendQuote(b, s)
	return b
}
