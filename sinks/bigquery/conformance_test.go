package bigquery

import (
	"bytes"
	"context"
	"testing"

	"google.golang.org/grpc/codes"

	"github.com/beamlytics/streamlytics/signal"
	"github.com/beamlytics/streamlytics/sinks/rows"
	"github.com/beamlytics/streamlytics/sinks/sinktest"
	"github.com/beamlytics/streamlytics/test/fakes/fakebigquery"
)

// TestConformance writes stock changes. What the rows of the other tables contain is tested in
// package rows.
func TestConformance(t *testing.T) {
	t.Parallel()
	sinktest.Run(t, conformanceTarget)
}

func conformanceTarget(t *testing.T) sinktest.Target {
	s := newStand(t)
	inject := func(f fakebigquery.Faults) func() {
		return func() { s.server.Inject(func(old *fakebigquery.Faults) { *old = f }) }
	}
	return sinktest.Target{
		Versioned: true,
		Close:     s.Close,
		Faults: []sinktest.Fault{
			{Name: "service gone", Down: s.server.Stop, Up: func() {
				if err := s.server.Restart(); err != nil {
					t.Error(err)
				}
			}},
			{Name: "service hangs", Down: inject(fakebigquery.Faults{Hang: true}), Up: inject(fakebigquery.Faults{})},
			{Name: "service unavailable", Down: inject(fakebigquery.Faults{Deny: codes.Unavailable}),
				Up: inject(fakebigquery.Faults{})},
			{Name: "permission denied", Down: inject(fakebigquery.Faults{Deny: codes.PermissionDenied}),
				Up: inject(fakebigquery.Faults{})},
			{Name: "requests fail", Down: inject(fakebigquery.Faults{FailAppends: 1 << 30}),
				Up: inject(fakebigquery.Faults{})},
		},
		Write: func(ctx context.Context, records []sinktest.Record) error {
			b := s.NewBatch()
			for _, r := range records {
				b.Stock(&signal.Stock{StoreID: r.Store, ProductID: r.Product, OnHand: r.Value, Version: r.Version})
			}
			_, err := s.Write(ctx, b)
			return err
		},
		Read: func(tb testing.TB, _ []sinktest.Key) map[sinktest.Key]int64 {
			return sinktest.NewestStock(tb, bytes.Join(s.server.Rows(s.config.path(rows.StockChanges)), []byte("\n")))
		},
	}
}
