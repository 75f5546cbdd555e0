#!/usr/bin/env bash
# Fuzzes every target for a while, one after the other: a minute each, or what the first argument says (such as 10s or 1000x).
# Inputs that fail are kept in the package's testdata/fuzz, where the plain tests find them from then on.
set -euo pipefail
cd "$(dirname "$0")/.."
fuzztime=${1:-1m}
go list -f '{{if or .TestGoFiles .XTestGoFiles}}{{.Dir}}{{end}}' ./... | while read -r dir; do
  # Names come from the source, because asking the test binary would build every package's.
  sed -n 's/^func \(Fuzz[A-Za-z0-9_]*\)(.*/\1/p' "$dir"/*_test.go | while read -r target; do
    printf '== %s %s\n' "${dir#"$PWD"/}" "$target"
    go test -run='^$' -fuzz="^$target\$" -fuzztime="$fuzztime" "$dir" </dev/null
  done
done
