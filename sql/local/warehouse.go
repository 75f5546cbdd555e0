package local

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	_ "github.com/duckdb/duckdb-go/v2" // the database

	"github.com/beamlytics/streamlytics/internal/clock"
	"github.com/beamlytics/streamlytics/sinks/rows"
	warehouse "github.com/beamlytics/streamlytics/sql"
)

// Warehouse is a warehouse in memory. It is safe for concurrent use.
type Warehouse struct {
	db *sql.DB
}

// Open loads all rows of a warehouse folder, as they were when it was read. Tables without rows, which have no folder, are empty.
//
// c is the clock with which the pipeline ran. The columns ingested_at, published_at and failed_at are wall time whatever that
// clock. They are converted to c, so that analyses can compare them with the other times; with the wall clock they stay as they
// are. high_demand_audit takes the clock from its rows and needs a warehouse that was opened with the wall clock.
func Open(ctx context.Context, dir string, c clock.Clock) (_ *Warehouse, err error) {
	w := &Warehouse{}
	if w.db, err = sql.Open("duckdb", ""); err != nil {
		return nil, fmt.Errorf("open DuckDB: %w", err)
	}
	w.db.SetMaxOpenConns(1) // the schema in use is a setting of a connection
	if err := w.load(ctx, dir, c); err != nil {
		return nil, errors.Join(err, w.Close())
	}
	return w, nil
}

// Close gives the memory back.
func (w *Warehouse) Close() error { return w.db.Close() }

func (w *Warehouse) load(ctx context.Context, dir string, c clock.Clock) error {
	if err := w.script(ctx, bridge); err != nil {
		return err
	}
	found := false
	for _, t := range rows.Tables {
		files, err := filepath.Glob(filepath.Join(dir, string(t), "*.jsonl"))
		if err != nil {
			return fmt.Errorf("look for the rows of %s: %w", t, err)
		}
		found = found || len(files) > 0
		if err := w.loadTable(ctx, t, files, c); err != nil {
			return fmt.Errorf("load table %s: %w", t, err)
		}
	}
	if !found {
		return fmt.Errorf("%s is not a warehouse folder: there is no TABLE/*.jsonl in it", dir)
	}
	views, err := warehouse.Files.ReadFile("views.sql")
	if err != nil {
		return fmt.Errorf("read the views: %w", err)
	}
	return w.script(ctx, string(views))
}

func (w *Warehouse) loadTable(ctx context.Context, t rows.Table, files []string, c clock.Clock) error {
	var definitions, loaded, read []string
	for _, column := range t.Columns() {
		k := kinds[column.Type]
		if k.stored == "" {
			return fmt.Errorf("column %s: no type %s in DuckDB", column.Name, column.Type)
		}
		name := quoted(column.Name)
		definitions = append(definitions, name+" "+k.stored)
		loaded = append(loaded, literal(column.Name)+": "+literal(k.read))
		read = append(read, fmt.Sprintf(k.convert, onClock(name, column.Name, c)))
	}
	table := quoted(string(t))
	if _, err := w.db.ExecContext(ctx, "CREATE TABLE "+table+" ("+strings.Join(definitions, ", ")+")"); err != nil {
		return err
	}
	if len(files) == 0 {
		return nil
	}
	for i, f := range files {
		files[i] = literal(f)
	}
	//nolint:gosec // of the schema's names and the folder's, all of them quoted
	insert := fmt.Sprintf("INSERT INTO %s SELECT %s FROM read_json([%s], format = 'newline_delimited', maximum_object_size = 16777216, columns = {%s})",
		table, strings.Join(read, ", "), strings.Join(files, ", "), strings.Join(loaded, ", "))
	_, err := w.db.ExecContext(ctx, insert)
	return err
}

// kinds are the types of BigQuery in DuckDB: as they are stored, as they are read from JSON, and how the one is made of the other.
var kinds = map[string]struct{ stored, read, convert string }{
	"STRING":    {"VARCHAR", "VARCHAR", "%s"},
	"INT64":     {"BIGINT", "BIGINT", "%s"},
	"FLOAT64":   {"DOUBLE", "DOUBLE", "%s"},
	"BOOL":      {"BOOLEAN", "BOOLEAN", "%s"},
	"NUMERIC":   {"DECIMAL(38, 9)", "DECIMAL(38, 9)", "%s"},
	"TIMESTAMP": {"TIMESTAMP", "TIMESTAMP", "%s"},
	"JSON":      {"JSON", "JSON", "%s"},
	"BYTES":     {"BLOB", "VARCHAR", "from_base64(%s)"},
}

// wallTimes are the columns that hold wall time whatever the pipeline's clock.
var wallTimes = map[string]bool{"ingested_at": true, "published_at": true, "failed_at": true}

// onClock is an expression for a column in the pipeline's time.
func onClock(expression, column string, c clock.Clock) string {
	if c.IsWall() || !wallTimes[column] {
		return expression
	}
	return fmt.Sprintf("epoch_ms(%d + CAST((epoch_ms(%s) - %d) * %g::DOUBLE AS BIGINT))", c.OriginMs, expression, c.StartMs, c.Speed)
}

// script runs statements of BigQuery's dialect one after another.
func (w *Warehouse) script(ctx context.Context, script string) error {
	for _, s := range statements(script) {
		if _, err := w.db.ExecContext(ctx, duckDB(s)); err != nil {
			return fmt.Errorf("run %q: %w", s, err)
		}
	}
	return nil
}

func quoted(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }

func literal(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }
