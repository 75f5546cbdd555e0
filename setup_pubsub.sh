#!/usr/bin/env bash
# Makes the topics, subscriptions and dead letter topics of the pipeline, at PUBSUB_EMULATOR_HOST or in Google Cloud; without that
# and without --project, in the stack of docker-compose.yml. It runs `streamlytics pubsub setup` with its arguments: bin/streamlytics,
# or, where that is not built, with Go. docs/OPERATIONS.md#pubsub describes what is created, and why.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)

if [ -x "$here/bin/streamlytics" ]; then
  exec "$here/bin/streamlytics" pubsub setup "$@"
fi
command -v go >/dev/null || {
  printf '%s\n' 'setup_pubsub: neither bin/streamlytics nor Go is here: run make build, or install Go from https://go.dev/dl' >&2
  exit 1
}
# Not in the folder of the caller, who may be in another module.
exec go run -C "$here" ./cmd/streamlytics pubsub setup "$@"
