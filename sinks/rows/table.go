// Package rows defines the tables of the archive and what is in a row of each. A row is described
// by one function and encoded in two ways: as a line of JSON and as a message of BigQuery's Storage
// Write API.
package rows

import (
	"embed"
	"encoding/json"
	"fmt"
	"slices"
)

// Table is the name of a table of the archive, and of the folder of its local files.
type Table string

// The tables of the archive.
const (
	Events          Table = "events"
	StockChanges    Table = "stock_changes"
	VelocitySignals Table = "velocity_signals"
	BadgeChanges    Table = "badge_changes"
	DeadLetters     Table = "dead_letters"
)

// Tables lists every table.
var Tables = [...]Table{Events, StockChanges, VelocitySignals, BadgeChanges, DeadLetters}

// The index of each table in Tables.
const (
	events = iota
	stockChanges
	velocitySignals
	badgeChanges
	deadLetters
)

func (t Table) index() int {
	i := slices.Index(Tables[:], t)
	if i < 0 {
		panic("rows: no table " + string(t))
	}
	return i
}

// Column is a column of a table, in BigQuery's own schema format.
type Column struct {
	Name        string `json:"name"`
	Type        string `json:"type"` // as in SQL: STRING, INT64, ...
	Mode        string `json:"mode"` // REQUIRED or NULLABLE
	Description string `json:"description"`
}

// Required reports whether every row has a value in the column.
func (c Column) Required() bool { return c.Mode == "REQUIRED" }

//go:embed schema/*.json
var schemaFiles embed.FS

// schemas holds the columns of each table, in the order in which rows have them.
var schemas = func() map[Table][]Column {
	all := make(map[Table][]Column, len(Tables))
	for _, t := range Tables {
		var columns []Column
		if err := json.Unmarshal(t.Schema(), &columns); err != nil {
			panic(fmt.Sprintf("rows: schema of table %s: %v", t, err)) // a file of the program itself
		}
		all[t] = columns
	}
	return all
}()

// Schema returns the schema file of a table, in BigQuery's own format.
func (t Table) Schema() []byte {
	file, err := schemaFiles.ReadFile("schema/" + string(t) + ".json")
	if err != nil {
		panic("rows: no schema of table " + string(t))
	}
	return file
}

// Columns returns the columns of a table, in the order in which rows have them. The slice is shared
// and must not be changed.
func (t Table) Columns() []Column { return schemas[t] }
