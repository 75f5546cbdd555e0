package deadletters

import (
	"strings"
	"testing"

	"github.com/beamlytics/streamlytics/event"
	"github.com/beamlytics/streamlytics/signal"
	"github.com/beamlytics/streamlytics/sinks/rows"
)

// TestReplayOfRowsThatAWarehouseRefused checks that the row of an event is published as the unified
// event that it is. The row of a signal is no message, and does not prevent that others are
// published.
func TestReplayOfRowsThatAWarehouseRefused(t *testing.T) {
	refused := func(channel event.Channel, item int, row []byte) event.DeadLetter {
		l := deadLetter(channel, event.BadField, item, 1_700_000_000_000,
			event.Message{Data: row[:len(row)-1], ID: "m1", PublishedAt: 1_699_999_999_000})
		l.Stage = event.StageWarehouse
		return l
	}
	b := rows.NewLines()
	b.Event(&event.UnifiedInventoryEvent{
		ID: "o-1#1", Type: event.Sale, StoreID: "12", ProductID: "1", Quantity: 2, OccurredAt: 1_699_999_990_000,
		Source:      event.POS,
		OrderNumber: "o-1", Price: "1e40", Item: 1, Message: &event.Message{ID: "m1", PublishedAt: 1_699_999_999_000},
	}, 1_700_000_000_000)
	b.Stock(&signal.Stock{StoreID: "12", ProductID: "1", Version: 1})
	dir := warehouse(t, refused(event.POS, 1, b.Lines(rows.Events)),
		refused(0, event.NoItem, b.Lines(rows.StockChanges)))
	out, _, err := runCommand(t, "replay", "--warehouse_dir="+dir, "--all", "--dry_run", "--project=p",
		"--pos_topic=pos")
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"letter 1: would be published", "letter 2: left out: it is the row of a signal",
		"1 messages would be published, 1 letters left out",
	} {
		if !strings.Contains(out, want) {
			t.Errorf("the output has no %q:\n%s", want, out)
		}
	}
}
