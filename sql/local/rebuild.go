package local

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"time"

	warehouse "github.com/beamlytics/streamlytics/sql"
)

// rebuildName is the name of the query of sql/rebuild.sql among the arguments of the command.
const rebuildName = "rebuild"

// minHorizon is the shortest horizon for which the fold point lies behind the 24 hours that
// velocity counts.
const minHorizon = 48 * time.Hour

// rebuild returns the query of sql/rebuild.sql.
func rebuild() (Analysis, error) {
	text, err := warehouse.Files.ReadFile("rebuild.sql")
	if err != nil {
		return Analysis{}, fmt.Errorf("read the query that rebuilds state: %w", err)
	}
	return Analysis{
		Name: rebuildName, Question: "the events that rebuild the state, as JSON lines for --events_files",
		Parameters: parameters(string(text)), SQL: string(text),
	}, nil
}

// Rebuild writes the events that bring a pipeline with empty state to the state of the pipeline
// that wrote the warehouse, one JSON object a line, for --events_files. at is the current time of
// the pipeline's clock, and horizon is the --ledger_horizon of the new pipeline, in whole hours, at
// least 48. The comment of sql/rebuild.sql states the method and its limits.
func (w *Warehouse) Rebuild(ctx context.Context, out io.Writer, at time.Time, horizon time.Duration) error {
	if horizon < minHorizon || horizon%time.Hour != 0 {
		return fmt.Errorf("rebuild: a horizon of %v is not whole hours, at least %v", horizon, minHorizon)
	}
	query, err := rebuild()
	if err != nil {
		return err
	}
	r, err := w.Run(ctx, query, map[string]any{"at": at, "horizon_hours": int64(horizon / time.Hour)})
	if err != nil {
		return err
	}
	lines := bufio.NewWriter(out)
	encoder := json.NewEncoder(lines)
	encoder.SetEscapeHTML(false)
	for _, row := range r.Rows {
		event := make(map[string]any, len(row))
		for i, v := range row {
			event[r.Columns[i]] = v
		}
		if err := encoder.Encode(event); err != nil {
			return fmt.Errorf("rebuild: write an event: %w", err)
		}
	}
	if err := lines.Flush(); err != nil {
		return fmt.Errorf("rebuild: write the events: %w", err)
	}
	return nil
}
