package local

import (
	_ "embed"
	"regexp"
	"strings"
)

// BigQuery's functions that DuckDB lacks, and the dataset that views.sql speaks of.
//
//go:embed bridge.sql
var bridge string

var (
	comment   = regexp.MustCompile(`--[^\n]*`)
	parameter = regexp.MustCompile(`@([a-z][a-z0-9_]*)`)
)

// duckDB turns a statement from BigQuery's dialect into DuckDB's: names are quoted by another sign, and so are parameters. All
// else that differs is in bridge.sql.
func duckDB(statement string) string {
	statement = comment.ReplaceAllString(statement, "")
	return parameter.ReplaceAllString(strings.ReplaceAll(statement, "`", `"`), `$$$1`)
}

// parameters are the names of the parameters of a statement, each once, in the order in which they first appear.
func parameters(statement string) (names []string) {
	seen := map[string]bool{}
	for _, m := range parameter.FindAllStringSubmatch(comment.ReplaceAllString(statement, ""), -1) {
		if !seen[m[1]] {
			seen[m[1]] = true
			names = append(names, m[1])
		}
	}
	return names
}

// statements are the statements of a script, without its comments.
func statements(script string) (all []string) {
	for s := range strings.SplitSeq(comment.ReplaceAllString(script, ""), ";\n") {
		if s = strings.TrimSpace(s); s != "" {
			all = append(all, s)
		}
	}
	return all
}
