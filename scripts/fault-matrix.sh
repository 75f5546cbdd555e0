#!/usr/bin/env bash
# Runs the fault matrix in its full form, with outages of 30 seconds and one test at a time, and
# prints what came of each fault as rows of the table in docs/MEASUREMENTS.md. Arguments are further ones of go test, such as -run=TestRedis.
set -euo pipefail
cd "$(dirname "$0")/.."
log=$(mktemp)
trap 'rm -f "$log"' EXIT
status=0
go test -v -count=1 -parallel=1 -timeout=60m "$@" ./test/e2e/faults -outage=30s 2>&1 | tee "$log" >&2 || status=$?
echo '| Fault | Lost | Redelivered | Recovery, s | Peak memory, MB |'
echo '|---|--:|--:|--:|--:|'
sed -n 's/^.*fault-matrix | \(.*\)$/| \1 |/p' "$log"
exit "$status"
