package lifecycle

import (
	"fmt"
	"time"

	"github.com/beamlytics/streamlytics/test/rig"
	"github.com/beamlytics/streamlytics/test/truth"
)

// fromWarehouse reports whether an event comes in the files of the warehouse's.
func fromWarehouse(e truth.Event) bool { return e.Type == "RECEIPT" || e.Type == "RESET" }

// unifiedLine says an event in the unified format.
func unifiedLine(e truth.Event) string { return string(rig.Unified(e).Data) + "\n" }

// warehouseLine says a receipt or a count in the WMS format.
func warehouseLine(e truth.Event) string {
	if e.Type == "RESET" {
		return fmt.Sprintf(`{"event_id":%q,"type":"RESET","store_id":%q,"sku":%q,"count":%d,"counted_at":%d}`+"\n",
			e.ID, e.Store, e.Product, e.Quantity, e.OccurredAt)
	}
	return fmt.Sprintf(`{"event_id":%q,"store_id":%q,"product_id":%q,"count":%d,"timestamp":%d}`+"\n", e.ID, e.Store, e.Product, e.Quantity, e.OccurredAt)
}

// csvHeader and csvLine say counts as a CSV file.
const csvHeader = "event_id,type,store_id,sku,count,counted_at\n"

func csvLine(e truth.Event) string {
	return fmt.Sprintf("%s,RESET,%s,%s,%d,%s\n", e.ID, e.Store, e.Product, e.Quantity, time.UnixMilli(e.OccurredAt).UTC().Format(time.RFC3339Nano))
}
