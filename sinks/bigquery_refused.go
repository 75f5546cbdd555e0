package sinks

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"time"

	"cloud.google.com/go/bigquery/storage/apiv1/storagepb"

	"github.com/beamlytics/streamlytics/event"
)

// badRows are the rows that an answer says are wrong, by their index in a request of n, with what is wrong.
func badRows(answer *storagepb.AppendRowsResponse, n int) map[int]string {
	bad := map[int]string{}
	for _, e := range answer.GetRowErrors() {
		if i := e.GetIndex(); i >= 0 && i < int64(n) {
			bad[int(i)] = e.GetMessage()
		}
	}
	return bad
}

// refuseRows hands bad rows to the dead letters, and returns the others.
func (t *bigQueryTable) refuseRows(ctx context.Context, rows [][]byte, bad map[int]string) (good [][]byte, err error) {
	letters := make([]event.DeadLetter, 0, len(bad))
	for _, i := range slices.Sorted(maps.Keys(bad)) {
		letters = append(letters, t.letterOf(event.BadField, rows[i], bad[i]))
	}
	if err := t.bury(ctx, letters); err != nil {
		return nil, err
	}
	for i, row := range rows {
		if _, ok := bad[i]; !ok {
			good = append(good, row)
		}
	}
	return good, nil
}

// refuse hands one row to the dead letters.
func (t *bigQueryTable) refuse(ctx context.Context, reason event.Reason, row []byte, why string) error {
	return t.bury(ctx, []event.DeadLetter{t.letterOf(reason, row, why)})
}

func (t *bigQueryTable) bury(ctx context.Context, letters []event.DeadLetter) error {
	if err := t.letters(ctx, letters); err != nil {
		return fmt.Errorf("write %d refused rows to the dead letters: %w", len(letters), err)
	}
	if f := t.b.stats.Refused; f != nil {
		for _, l := range letters {
			f(ctx, l.Reason)
		}
	}
	return nil
}

// letterOf is the dead letter of a refused row. Its payload is the row as JSON, which for an event is a unified event.
func (t *bigQueryTable) letterOf(reason event.Reason, row []byte, why string) event.DeadLetter {
	line, err := rowAsJSON(t.table, row)
	if err != nil { // a row of our own making
		slog.Error("a refused row cannot be read", "table", t.path, "error", err)
		line = row
	} else {
		line = line[:len(line)-1]
	}
	var origin struct {
		Source      string    `json:"source"`
		MessageID   string    `json:"message_id"`
		PublishedAt time.Time `json:"published_at"`
		Item        *int      `json:"item"`
	}
	m := &event.Message{Data: line}
	item := event.NoItem
	if t.table == TableEvents && json.Unmarshal(line, &origin) == nil {
		m.ID = origin.MessageID
		if !origin.PublishedAt.IsZero() {
			m.PublishedAt = origin.PublishedAt.UnixMilli()
		}
		if origin.Item != nil {
			item = *origin.Item
		}
		for _, c := range event.Channels {
			if c.String() == origin.Source {
				m.Channel = c
			}
		}
	}
	return event.DeadLetter{
		Refusal: event.Refusal{Reason: reason, Detail: fmt.Sprintf("BigQuery refused a row of table %s: %s", t.table, why), Item: item},
		Stage:   event.StageWarehouse, Message: m, FailedAt: time.Now().UnixMilli(),
	}
}
