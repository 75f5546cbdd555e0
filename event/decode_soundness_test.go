package event

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"
)

// checkEvent returns an error if e violates a property that the rest of the pipeline relies on.
func checkEvent(e *UnifiedInventoryEvent, m *Message) error {
	if e.Message != m {
		return fmt.Errorf("event has another message")
	}
	if e.Type < Sale || e.Type > CartAdd {
		return fmt.Errorf("type %d", e.Type)
	}
	for name, id := range map[string]string{"store": e.StoreID, "product": e.ProductID} {
		invisible := func(r rune) bool { return unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp) }
		if id == "" || len(id) > 128 || id != strings.TrimFunc(id, unicode.IsSpace) ||
			strings.ContainsFunc(id, invisible) {
			return fmt.Errorf("%s id %q", name, id)
		}
	}
	if e.StoreID == "global" || e.ProductID == "0" {
		return fmt.Errorf("event of %s/%s", e.StoreID, e.ProductID)
	}
	id := e.ID
	if e.Item != NoItem {
		i := strings.LastIndexByte(id, '#')
		if k, err := strconv.Atoi(id[i+1:]); i < 0 || err != nil || k < 0 {
			return fmt.Errorf("item %d has id %q", e.Item, e.ID)
		}
		id = id[:i]
	}
	id = strings.TrimSuffix(id, ":return")
	if id == "" || len(id) > 256 {
		return fmt.Errorf("event id %q", e.ID)
	}
	if e.Quantity > 1e9 || e.Quantity < -1e9 || e.Quantity < 0 && e.Type != Sale && e.Type != Receipt {
		return fmt.Errorf("quantity %d of a %v", e.Quantity, e.Type)
	}
	if e.OccurredAt < 946684800000 || e.OccurredAt > testNow+5*60*1000 {
		return fmt.Errorf("time %d", e.OccurredAt)
	}
	if e.Adjusted && e.Type != View && e.Type != CartAdd && e.Type != Reset {
		return fmt.Errorf("the time of a %v was adjusted", e.Type)
	}
	if e.Source < POS || e.Source > FILE {
		return fmt.Errorf("source %d", e.Source)
	}
	return nil
}
