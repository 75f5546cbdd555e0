#!/usr/bin/env bash
# Runs golangci-lint, at the version the project is checked with, by the rules of .golangci.yaml. Arguments are packages; all
# without any. -C FOLDER before them means the module in that folder, which may need what is written in C.
set -euo pipefail
cd "$(dirname "$0")/.."
rules=$PWD/.golangci.yaml
run=(go run)
if [ "${1:-}" = -C ]; then
  cd "$2"
  shift 2
  run+=(-exec "env CGO_ENABLED=1 'GOFLAGS=${GOFLAGS:-} -tags=netgo,osusergo'") # for what the linter looks at, not for the linter
fi
[ $# -gt 0 ] || set -- ./...
exec "${run[@]}" github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.15.0 run --config="$rules" "$@"
