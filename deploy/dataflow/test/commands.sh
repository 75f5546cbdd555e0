#!/usr/bin/env bash
# Prints the gcloud commands that launch_dataflow.sh runs for the lines of command_lines.
set -euo pipefail
cd "$(dirname "$0")"
# shellcheck source=deploy/dataflow/test/lines.sh
. ./lines.sh
# shellcheck disable=SC2016 # the $ is in the text that is matched
grep -v '^#' command_lines | while IFS= read -r words; do
  eval "../../../launch_dataflow.sh $words --dry_run" </dev/null
done | sed -n -e 's/^[a-z_]*=\$(\(gcloud .*\))$/\1/' -e '/^gcloud /p'
