//go:build unix

package localfiles

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/beamlytics/streamlytics/signal"
	"github.com/beamlytics/streamlytics/sinks/rows"
	"github.com/beamlytics/streamlytics/sinks/sinktest"
)

// TestConformance writes stock changes. What the rows of the other tables contain is tested in
// package rows.
func TestConformance(t *testing.T) { sinktest.Run(t, conformanceTarget) }

func conformanceTarget(t *testing.T) sinktest.Target {
	const table = rows.StockChanges
	dir := t.TempDir()
	s := openSink(t, dir, Options{})
	filler := fmt.Appendf(nil, `{"filler":"%s"}`+"\n", strings.Repeat("x", fillerBytes))
	return sinktest.Target{
		Versioned: true,
		Close:     s.Close,
		Faults: []sinktest.Fault{diskFull(t, dir, table, func() error {
			return appendLines(context.Background(), s, table, filler)
		})},
		Write: func(ctx context.Context, records []sinktest.Record) error {
			b := s.NewBatch()
			for _, r := range records {
				b.Stock(&signal.Stock{StoreID: r.Store, ProductID: r.Product, OnHand: r.Value, Version: r.Version})
			}
			_, err := s.Write(ctx, b)
			return err
		},
		Read: func(tb testing.TB, _ []sinktest.Key) map[sinktest.Key]int64 {
			return sinktest.NewestStock(tb, []byte(strings.Join(tableLines(tb, dir, table), "\n")))
		},
	}
}
