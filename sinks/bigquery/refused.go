package bigquery

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"time"

	"cloud.google.com/go/bigquery/storage/apiv1/storagepb"

	"github.com/beamlytics/streamlytics/event"
	"github.com/beamlytics/streamlytics/sinks/rows"
)

// refusals collects the rows of one write that the service refuses. It is safe for concurrent use.
type refusals struct {
	mu   sync.Mutex
	rows []rows.Refused
}

// add adds a row of a table, with what is wrong with it.
func (r *refusals) add(t *table, reason event.Reason, row []byte, detail string) {
	letter := t.letterOf(reason, row, detail)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.rows = append(r.rows, rows.Refused{Table: t.name, Letter: letter})
}

// addBad adds the rows of a request that are in bad, by index, and returns the others.
func (r *refusals) addBad(t *table, request [][]byte, bad map[int]string) (good [][]byte) {
	for _, i := range slices.Sorted(maps.Keys(bad)) {
		r.add(t, event.BadField, request[i], bad[i])
	}
	for i, row := range request {
		if _, ok := bad[i]; !ok {
			good = append(good, row)
		}
	}
	return good
}

// badRows returns the errors of rows in an answer, by the row's index in a request of n rows.
func badRows(answer *storagepb.AppendRowsResponse, n int) map[int]string {
	bad := map[int]string{}
	for _, e := range answer.GetRowErrors() {
		if i := e.GetIndex(); i >= 0 && i < int64(n) {
			bad[int(i)] = e.GetMessage()
		}
	}
	return bad
}

// letterOf returns the dead letter of a refused row. Its payload is the row as JSON, which for an
// event is a unified event.
func (t *table) letterOf(reason event.Reason, row []byte, detail string) event.DeadLetter {
	line, err := t.name.JSON(row)
	if err != nil { // the program itself has encoded the row
		slog.Error("a refused row cannot be read", "table", t.path, "error", err)
		line = row
	}
	var origin struct {
		Source      string    `json:"source"`
		MessageID   string    `json:"message_id"`
		PublishedAt time.Time `json:"published_at"`
		Item        *int      `json:"item"`
	}
	m := &event.Message{Data: line}
	item := event.NoItem
	if t.name == rows.Events && json.Unmarshal(line, &origin) == nil {
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
		Refusal: event.Refusal{
			Reason: reason, Detail: fmt.Sprintf("BigQuery refused a row of table %s: %s", t.name, detail), Item: item,
		},
		Stage: event.StageWarehouse, Message: m, FailedAt: time.Now().UnixMilli(),
	}
}
