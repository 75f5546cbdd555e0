package demo

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/beamlytics/streamlytics/event"
	"github.com/beamlytics/streamlytics/serving/page"
	"github.com/beamlytics/streamlytics/test/truth"
	"github.com/beamlytics/streamlytics/tools/retail"
)

// replay publishes a repaired message in place of one that could not be decoded, once, and counts it
// in the truth. The error is a *page.RefusedError if the pipeline would refuse any part of it.
func (f *feed) replay(ctx context.Context, l event.DeadLetter, data []byte) (messageID string, err error) {
	err = f.do(ctx, func() error {
		m := *l.Message
		m.Data, m.Attributes = data, maps.Clone(m.Attributes)
		if m.Attributes == nil {
			m.Attributes = map[string]string{}
		}
		if m.Attributes["event_id"] == "" {
			m.Attributes["event_id"] = m.ID // that of events without one, also after the message has another id
		}
		events, repeated, err := f.repairs.judge(l, m, f.clock.NowMs())
		if err != nil {
			return err
		}
		topic := retail.Topic(strings.ToLower(m.Channel.String()))
		if messageID, err = f.bus.publish(topic, data, m.Attributes); err != nil {
			return err
		}
		for _, e := range events {
			f.repairs.done[letterID(e.ID)] = true
		}
		t := f.world.Truth()
		t.AddEvents(events)
		t.Tally.Messages++
		t.Tally.Duplicates += repeated
		return nil
	})
	return messageID, err
}

// repairs decides what repaired messages add to the truth. It is not safe for concurrent use.
type repairs struct {
	decoder event.Decoder
	horizon time.Duration   // of the ledger, clock time
	done    map[string]bool // ids of letters that were replayed
}

// letterID returns the id of an event without the number of an item.
func letterID(id string) string {
	id, _, _ = strings.Cut(id, "#")
	return id
}

// judge returns the events of a repaired message that count, and how many of it count already. The
// retailer never uses the id of a broken message again, so an event with the id of its letter is
// known only by another item of that.
func (r *repairs) judge(l event.DeadLetter, m event.Message, nowMs int64,
) (events []truth.Event, repeated int64, err error) {
	var before, after event.Decoded
	if l.Item != event.NoItem {
		was := m
		was.Data = l.Message.Data
		r.decoder.Decode(&was, nowMs, false, &before)
	}
	r.decoder.Decode(&m, nowMs, false, &after)
	refuse := func(item int, reason event.Reason, format string, args ...any) error {
		return &page.RefusedError{Refusal: event.Refusal{Reason: reason, Item: item,
			Detail: fmt.Sprintf(format, args...)}}
	}
	if len(after.Refusals) > 0 {
		return nil, 0, &page.RefusedError{Refusal: after.Refusals[0]}
	}
	for _, e := range after.Events {
		id := letterID(e.ID)
		i := slices.IndexFunc(before.Events, func(b event.UnifiedInventoryEvent) bool {
			return b.ID == e.ID && b.StoreID == e.StoreID && b.ProductID == e.ProductID
		})
		switch {
		case i >= 0 && e.Type == before.Events[i].Type && e.Quantity == before.Events[i].Quantity &&
			e.OccurredAt == before.Events[i].OccurredAt:
			repeated++
			continue
		case i >= 0 || id != m.Attributes["event_id"] && !bytes.Contains(l.Message.Data, []byte(id)):
			return nil, 0, refuse(e.Item, event.IDReused, "event_id: %q may be the id of another event", e.ID)
		case r.done[id]:
			return nil, 0, errors.New("it was replayed before")
		case e.Type.MovesStock() && e.OccurredAt < nowMs-(r.horizon-time.Hour).Milliseconds():
			return nil, 0, refuse(e.Item, event.TooLate, "its time is about %v or more before the clock's now",
				r.horizon)
		}
		events = append(events, truth.Event{ID: e.ID, Type: e.Type.String(), Store: e.StoreID, Product: e.ProductID,
			Quantity: e.Quantity, OccurredAt: e.OccurredAt})
	}
	if len(events) == 0 {
		return nil, 0, errors.New("there is nothing new in it")
	}
	return events, repeated, nil
}
