// Package sql holds the SQL of the warehouse, in BigQuery's dialect (GoogleSQL): the tables, the views over them, the
// analyses, and the query that rebuilds state. They are given to `bq query` as files; the package is for programs that run them elsewhere.
package sql

import "embed"

// Files are tables.sql, views.sql, dead_letters.sql, rebuild.sql and analyses/*.sql.
//
//go:embed tables.sql views.sql dead_letters.sql rebuild.sql analyses/*.sql
var Files embed.FS
