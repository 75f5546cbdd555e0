package sinks

import (
	"context"
	"errors"
	"log/slog"

	"github.com/beamlytics/streamlytics/event"
	"github.com/beamlytics/streamlytics/internal/metrics"
	"github.com/beamlytics/streamlytics/internal/process"
)

// archive returns what writes rows to the warehouses that there are.
func (t Targets) archive(env *process.Env) (a *archive, err error) {
	a = &archive{clock: t.Clock}
	if t.WarehouseDir != "" {
		if a.warehouse, err = t.warehouse(env); err != nil {
			return nil, err
		}
	}
	a.bigquery, err = t.bigQuery(env)
	return a, err
}

// deadLetters returns what writes dead letters.
func (t Targets) deadLetters(env *process.Env) (*DeadLetters, error) {
	b, err := t.bigQuery(env)
	if err != nil {
		return nil, err
	}
	if t.NoLocalDeadLetters {
		if b == nil {
			return nil, errors.New("dead letters have no place: the workers' disks do not last, and there is no BigQuery dataset")
		}
		return NewDeadLetters(nil, b), nil
	}
	w, err := t.warehouse(env)
	if err != nil {
		return nil, err
	}
	return NewDeadLetters(w, b), nil
}

// warehouse returns the local warehouse that the DoFns of this process share.
func (t Targets) warehouse(env *process.Env) (*Warehouse, error) {
	return process.Shared(env, "warehouse", func() (*Warehouse, error) { return OpenWarehouse(t.WarehouseDir, t.Warehouse) })
}

// bigQuery returns the BigQuery sink that the DoFns of this process share, nil where there is no dataset.
func (t Targets) bigQuery(env *process.Env) (*BigQuery, error) {
	if !t.BigQuery.Enabled() {
		return nil, nil
	}
	return process.Shared(env, "bigquery", func() (*BigQuery, error) {
		letters := func(ctx context.Context, table Table, l []event.DeadLetter) error { return t.bury(ctx, env, table, l) }
		return OpenBigQuery(t.BigQuery, letters, BigQueryStats{
			Rows:    func(ctx context.Context, n int64) { env.Metrics.CountNow(ctx, metrics.BigQueryRows, n) },
			Retries: func(ctx context.Context) { env.Metrics.CountNow(ctx, metrics.BigQueryRetries, 1) },
			Refused: func(ctx context.Context, r event.Reason) {
				env.Metrics.CountNow(ctx, metrics.BigQueryRefusals, 1)
				env.Metrics.CountNow(ctx, metrics.Refused(r), 1)
			},
		})
	})
}

// bury writes the dead letters of rows that BigQuery refused. A dead letter that it refused stands in the local file already; where
// there is none, it goes to the disk of this worker after all, which may not last, rather than nowhere.
func (t Targets) bury(ctx context.Context, env *process.Env, table Table, letters []event.DeadLetter) error {
	if table != TableDeadLetters {
		d, err := t.deadLetters(env)
		if err != nil {
			return err
		}
		return d.Write(ctx, letters)
	}
	for _, l := range letters {
		slog.ErrorContext(ctx, "BigQuery refused a dead letter; it is only in the folder dead_letters of this machine", "error", l.Detail)
	}
	if !t.NoLocalDeadLetters {
		return nil
	}
	w, err := t.warehouse(env)
	if err != nil {
		return err
	}
	var lines []byte
	for _, l := range letters {
		lines = append(append(lines, l.Message.Data...), '\n') // the refused row is the line
	}
	return w.Append(ctx, TableDeadLetters, lines)
}
