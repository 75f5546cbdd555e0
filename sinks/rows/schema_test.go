package rows

import (
	"flag"
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write what is generated from the schema files anew")

// layout is what a table's file of columns does not say.
type layout struct {
	description string
	partition   string   // column whose days are the partitions
	cluster     []string // columns
}

var layouts = map[Table]layout{
	Events: {
		"Each decoded event, repetitions included. store_id, product_id and event_id identify it.",
		"occurred_at", []string{"store_id", "product_id"},
	},
	StockChanges: {
		"Each stock signal. scope, store_id, product_id and version identify it.",
		"as_of", []string{"store_id", "product_id"},
	},
	VelocitySignals: {
		"Each velocity signal as it is served. scope, store_id, product_id and as_of identify it.",
		"evaluated_at", []string{"store_id", "product_id"},
	},
	BadgeChanges: {
		"Each badge going on or off, with the evidence it rests on. " +
			"badge, scope, store_id, product_id and changed_at identify it.",
		"changed_at", []string{"store_id", "product_id"},
	},
	DeadLetters: {
		"What could not be used, complete, and why.",
		"failed_at", []string{"reason", "source"},
	},
}

const tablesSQL = "../../sql/tables.sql"

// TestSchemaTablesSQL holds the DDL of the tables against their schema files. After a change of
// those:
//
//	go test ./sinks/rows -run Schema -update
func TestSchemaTablesSQL(t *testing.T) {
	want := ddl()
	if *update {
		if err := os.WriteFile(tablesSQL, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(tablesSQL)
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != want {
		t.Errorf("%s does not follow from sinks/rows/schema: run go test ./sinks/rows -run Schema -update", tablesSQL)
	}
}

// ddl is the content of sql/tables.sql.
func ddl() string {
	var b strings.Builder
	b.WriteString(`-- The tables of the warehouse. Generated from sinks/rows/schema:
--
--   go test ./sinks/rows -run Schema -update
--
-- Create them, or add those that are missing:
--
--   bq query --project_id=PROJECT --dataset_id=retail --use_legacy_sql=false < sql/tables.sql
--
-- Rows are kept for ever. To drop old partitions:
--
--   ALTER TABLE retail.velocity_signals SET OPTIONS (partition_expiration_days = 90);
`)
	for _, table := range Tables {
		l := layouts[table]
		fmt.Fprintf(&b, "\nCREATE TABLE IF NOT EXISTS `%s` (\n", table)
		for i, c := range table.Columns() {
			required, end := "", ","
			if c.Required() {
				required = " NOT NULL"
			}
			if i == len(table.Columns())-1 {
				end = ""
			}
			fmt.Fprintf(&b, "  `%s` %s%s OPTIONS (description = %s)%s\n", c.Name, c.Type, required,
				strconv.Quote(c.Description), end)
		}
		fmt.Fprintf(&b, ")\nPARTITION BY TIMESTAMP_TRUNC(`%s`, DAY)\nCLUSTER BY `%s`\nOPTIONS (description = %s);\n",
			l.partition, strings.Join(l.cluster, "`, `"), strconv.Quote(l.description))
	}
	return b.String()
}
