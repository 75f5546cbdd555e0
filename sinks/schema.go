package sinks

import (
	"embed"
	"encoding/json"
	"fmt"
)

// Column is a column of a warehouse table, in BigQuery's own schema format.
type Column struct {
	Name        string `json:"name"`
	Type        string `json:"type"` // as in SQL: STRING, INT64, ...
	Mode        string `json:"mode"` // REQUIRED or NULLABLE
	Description string `json:"description"`
}

// Required reports whether no row goes without the column.
func (c Column) Required() bool { return c.Mode == "REQUIRED" }

//go:embed schema/*.json
var schemaFiles embed.FS

// schemas are the columns of each table, in the order in which rows have them.
var schemas = func() map[Table][]Column {
	all := make(map[Table][]Column, len(Tables))
	for _, t := range Tables {
		file, err := schemaFiles.ReadFile("schema/" + string(t) + ".json")
		if err != nil {
			panic("sinks: no schema of table " + string(t)) // a file of the program itself
		}
		var columns []Column
		if err := json.Unmarshal(file, &columns); err != nil {
			panic(fmt.Sprintf("sinks: schema of table %s: %v", t, err))
		}
		all[t] = columns
	}
	return all
}()

// Columns are the columns of a table, in the order in which rows have them. They are shared and not to be changed.
func (t Table) Columns() []Column { return schemas[t] }
