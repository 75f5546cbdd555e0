package sinktest

import (
	"bytes"
	"encoding/json"
	"testing"
)

// NewestStock reads stock changes, JSON lines of package rows, as a view over a table that only
// grows does: the on-hand of each key's newest version.
func NewestStock(tb testing.TB, lines []byte) map[Key]int64 {
	tb.Helper()
	values, versions := map[Key]int64{}, map[Key]int64{}
	for line := range bytes.Lines(lines) {
		var r struct {
			Store   string `json:"store_id"`
			Product string `json:"product_id"`
			Version int64  `json:"version"`
			OnHand  int64  `json:"on_hand"`
		}
		if err := json.Unmarshal(line, &r); err != nil {
			tb.Fatalf("%s: %v", line, err)
		}
		k := Key{r.Store, r.Product}
		if old, ok := versions[k]; !ok || r.Version >= old {
			versions[k], values[k] = r.Version, r.OnHand
		}
	}
	return values
}
