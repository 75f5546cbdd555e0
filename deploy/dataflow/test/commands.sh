#!/usr/bin/env bash
# Prints the gcloud commands that launch_dataflow.sh gives for the command lines beside it.
set -euo pipefail
cd "$(dirname "$0")"
# shellcheck source=deploy/dataflow/test/lines.sh
. ./lines.sh
# shellcheck disable=SC2016 # a $ as it is printed
grep -v '^#' command_lines | while IFS= read -r words; do
  eval "../../../launch_dataflow.sh $words --dry_run" </dev/null
done | sed -n -e 's/^[a-z_]*=\$(\(gcloud .*\))$/\1/' -e '/^gcloud /p'
