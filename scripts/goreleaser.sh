#!/usr/bin/env bash
# Runs GoReleaser, which makes the releases, at the version of .github/workflows/release.yml. Arguments are GoReleaser's, such as: check.
# Needs Go: the first run builds it, in two to five minutes.
set -euo pipefail
[ $# -gt 0 ] || { printf 'usage: %s check | build --snapshot --clean --single-target | ...\n' "$0" >&2; exit 2; }
exec go run github.com/goreleaser/goreleaser/v2@v2.15.1 "$@"
