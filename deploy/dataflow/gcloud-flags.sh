#!/usr/bin/env bash
# Writes test/gcloud.flags: the flags that each gcloud command of launch_dataflow.sh accepts, by the
# gcloud on this machine. The tests compare the script's commands with that file. With --check, the
# parser of gcloud checks the commands that the script prints with --dry_run. No account is needed.
set -euo pipefail
cd "$(dirname "$0")"
command -v gcloud >/dev/null || {
  echo "gcloud-flags: gcloud is missing" >&2
  exit 1
}
export CLOUDSDK_CORE_DISABLE_PROMPTS=1
CLOUDSDK_CONFIG=$(mktemp -d)
export CLOUDSDK_CONFIG
trap 'rm -rf "$CLOUDSDK_CONFIG"' EXIT

# lint COMMAND: prints the result of gcloud's parser for a command, as JSON.
lint() { gcloud meta lint-gcloud-commands --command-string="$1" 2>/dev/null; }

if [ "${1-}" = --check ]; then
  failed=0
  while IFS= read -r command; do
    case $(lint "$command") in
      *'"success": true'*) echo "good: $command" ;;
      *)
        echo "REFUSED: $command"
        failed=1
        ;;
    esac
  done < <(./test/commands.sh)
  exit "$failed"
fi

{
  echo "# Made by deploy/dataflow/gcloud-flags.sh with $(gcloud --version | head -n 1)."
  for command in "artifacts docker images describe" "builds submit" "dataflow flex-template build" "dataflow flex-template run" \
    "dataflow jobs cancel" "dataflow jobs describe" "dataflow jobs drain" "dataflow jobs list" "logging read" "storage ls"; do
    # x is a first argument for the commands that need one, before which the parser stops.
    flags=$(lint "gcloud $command x" | grep -o '"name": "[a-z][a-z-]*", "type"' | sed 's/.*"name": "\(.*\)", "type"/--\1/' | sort | tr '\n' ' ')
    [ -n "$flags" ] || {
      echo "gcloud-flags: gcloud has no flags for: $command" >&2
      exit 1
    }
    echo "$(echo "$command" | tr ' ' .) $flags"
  done
} >test/gcloud.flags
