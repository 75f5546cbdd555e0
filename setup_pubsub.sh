#!/usr/bin/env bash
# Makes the topics, subscriptions and dead letter topics of the pipeline, at PUBSUB_EMULATOR_HOST or in Google Cloud; without that
# and without --project, in the stack of docker-compose.yml. `./setup_pubsub.sh --help` lists the options, docs/PUBSUB.md says what is
# made and why. It needs no gcloud: bin/pubsubsetup does the work, or, where that is not built, Go.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)

if [ -x "$here/bin/pubsubsetup" ]; then
  exec "$here/bin/pubsubsetup" "$@"
fi
command -v go >/dev/null || {
  printf '%s\n' 'setup_pubsub: neither bin/pubsubsetup nor Go is here: run make build, or install Go from https://go.dev/dl' >&2
  exit 1
}
# Not in the folder of the caller, who may be in another module.
exec go run -C "$here" ./cmd/pubsubsetup "$@"
