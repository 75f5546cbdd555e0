#!/usr/bin/env bash
# Runs golangci-lint, at the version the project is checked with, by the rules of .golangci.yaml. Arguments are packages; all
# without any. -C FOLDER before them means the module in that folder.
set -euo pipefail
cd "$(dirname "$0")/.."
rules=$PWD/.golangci.yaml
if [ "${1:-}" = -C ]; then
  cd "$2"
  shift 2
fi
[ $# -gt 0 ] || set -- ./...
exec go run github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.15.0 run --config="$rules" "$@"
