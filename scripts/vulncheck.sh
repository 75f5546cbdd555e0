#!/usr/bin/env bash
# Looks for known vulnerabilities in the program, its modules and Go itself, as far as the code can reach them. Needs the database of
# vuln.go.dev; where only the Go module proxy can be reached, the first argument names a version of golang.org/x/vulndb (such as
# "latest") of which the database is made. It fails where there are some.
set -euo pipefail
cd "$(dirname "$0")/.."
govulncheck=golang.org/x/vuln/cmd/govulncheck@v1.9.0
[ $# -gt 0 ] || exec go run "$govulncheck" ./...

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
version=$(cd "$work" && go list -m "golang.org/x/vulndb@$1" | cut -d' ' -f2)
dir=$(cd "$work" && go mod download -json "golang.org/x/vulndb@$version" | sed -n 's/^\t"Dir": "\(.*\)",$/\1/p')
go run "golang.org/x/vulndb/cmd/indexdb@$version" -vulns "$dir/data/osv" -out "$work/db"
echo "database: golang.org/x/vulndb $version"
go run "$govulncheck" -db "file://$work/db" ./...
