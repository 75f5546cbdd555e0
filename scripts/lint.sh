#!/usr/bin/env bash
# Runs golangci-lint, at the version the project is checked with, by the rules of .golangci.yaml. Arguments are packages, such as
# ./sinks/...; without any it is all of them, in all modules.
set -euo pipefail
cd "$(dirname "$0")/.."
[ $# -gt 0 ] || set -- ./... ./sql/local/... ./deploy/kubernetes/...
# In a workspace the linter loads all modules at once, and what they share only once.
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
GOWORK=$work/go.work go work init . ./sql/local ./deploy/kubernetes
# What the linter looks at may need C; the linter does not. The tags keep Go's own packages as they are without C.
looks="env CGO_ENABLED=1 'GOWORK=$work/go.work' 'GOFLAGS=${GOFLAGS:-} -tags=netgo,osusergo'"
go run -exec "$looks" github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.15.0 run --config="$PWD/.golangci.yaml" "$@"
