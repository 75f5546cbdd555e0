#!/usr/bin/env bash
# Runs promtool, which checks and tests Prometheus's rules, at the version the project is checked with. Arguments are promtool's, such
# as: check rules deploy/monitoring/prometheus/alerts.yml. Needs nothing but Go: the first run builds it, without the service discovery of
# a dozen clouds, in a minute or two.
set -euo pipefail
[ $# -gt 0 ] || { printf 'usage: %s check rules FILE... | test rules FILE... | ...\n' "$0" >&2; exit 2; }
exec go run -tags=remove_all_sd github.com/prometheus/prometheus/cmd/promtool@v0.316.0 "$@"
