package local

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
	"time"

	warehouse "github.com/beamlytics/streamlytics/sql"
)

// Analysis is a file of sql/analyses.
type Analysis struct {
	Name       string   // the file's, without .sql
	Question   string   // what it answers
	Parameters []string // the names of its parameters, all of which it needs
	SQL        string   // in BigQuery's dialect
}

// Analyses lists all, by name.
func Analyses() (all []Analysis, err error) {
	files, err := fs.Glob(warehouse.Files, "analyses/*.sql")
	if err != nil {
		return nil, fmt.Errorf("list the analyses: %w", err)
	}
	for _, file := range files {
		text, err := warehouse.Files.ReadFile(file)
		if err != nil {
			return nil, fmt.Errorf("read an analysis: %w", err)
		}
		all = append(all, Analysis{
			Name: strings.TrimSuffix(path.Base(file), ".sql"), Question: question(string(text)), Parameters: parameters(string(text)), SQL: string(text),
		})
	}
	return all, nil
}

// question is the first paragraph of the comment with which a file begins, as one line.
func question(text string) string {
	paragraph, _, _ := strings.Cut(text, "\n--\n")
	lines := strings.Split(strings.TrimPrefix(paragraph, "-- Question: "), "\n-- ")
	return strings.Join(lines, " ")
}

// Find is the analysis of a name, or the query that rebuilds state.
func Find(name string) (Analysis, error) {
	if name == rebuildName {
		return rebuild()
	}
	all, err := Analyses()
	if err != nil {
		return Analysis{}, err
	}
	i := slices.IndexFunc(all, func(a Analysis) bool { return a.Name == name })
	if i < 0 {
		return Analysis{}, fmt.Errorf("there is no analysis %q", name)
	}
	return all[i], nil
}

// ownClock reports whether the analysis takes the clock from its rows. Such an analysis needs wall times as they are.
func (a Analysis) ownClock() bool {
	return strings.Contains(comment.ReplaceAllString(a.SQL, ""), "clock_speed")
}

// Result is what an analysis says. Values are nil, bool, int64, float64, string or time.Time (UTC).
type Result struct {
	Columns []string
	Rows    [][]any
}

// Run answers an analysis. Parameters are int64 or time.Time; each that it names must be given, and no other.
func (w *Warehouse) Run(ctx context.Context, a Analysis, parameters map[string]any) (Result, error) {
	var args []any
	for name, v := range parameters {
		if !slices.Contains(a.Parameters, name) {
			return Result{}, fmt.Errorf("%s has no parameter %s: its parameters are %s", a.Name, name, strings.Join(a.Parameters, ", "))
		}
		if t, ok := v.(time.Time); ok {
			v = t.UTC()
		}
		args = append(args, sql.Named(name, v))
	}
	for _, name := range a.Parameters {
		if _, ok := parameters[name]; !ok {
			return Result{}, fmt.Errorf("%s needs the parameter %s", a.Name, name)
		}
	}
	r, err := w.query(ctx, duckDB(a.SQL), args...)
	if err != nil {
		return Result{}, fmt.Errorf("%s: %w", a.Name, err)
	}
	return r, nil
}

// query runs a query of DuckDB's dialect.
func (w *Warehouse) query(ctx context.Context, query string, args ...any) (r Result, err error) {
	rows, err := w.db.QueryContext(ctx, query, args...)
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	if r.Columns, err = rows.Columns(); err != nil {
		return r, err
	}
	for rows.Next() {
		row, into := make([]any, len(r.Columns)), make([]any, len(r.Columns))
		for i := range row {
			into[i] = &row[i]
		}
		if err := rows.Scan(into...); err != nil {
			return r, err
		}
		for i, v := range row {
			if row[i], err = plain(v); err != nil {
				return r, fmt.Errorf("column %s: %w", r.Columns[i], err)
			}
		}
		r.Rows = append(r.Rows, row)
	}
	return r, rows.Err()
}
