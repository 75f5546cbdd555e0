#!/usr/bin/env bash
# Measures the pipeline with Prism in its own process against Prism inside: throughput from a backlog, and the latency from
# publishing to the stock in Redis at two rates. Needs Go, awk and redis-server. The first argument is the number of events of the
# backlog (200000), the second the seconds of each rate (20).
set -euo pipefail
cd "$(dirname "$0")/.."
backlog=${1:-200000}
seconds=${2:-20}

# shellcheck source=scripts/servers.sh
. scripts/servers.sh

go build -o "$work/" ./cmd/streamlytics ./cmd/localpubsub ./cmd/replay ./cmd/prism
serve_redis
serve_pubsub p pos:pos
serve "$work/prism.log" endpoint "$work/prism" --job_port=0
endpoint=$(grep -o -- '--endpoint=.*' "$work/prism.log")

# events N PREFIX: sales of the last hour, of 20,000 store:product pairs.
events() {
  awk -v n="$1" -v prefix="$2" -v now="$(date +%s)" 'BEGIN { srand(1); for (i = 0; i < n; i++)
    printf "{\"event_id\":\"%s%d\",\"type\":\"SALE\",\"store_id\":\"%d\",\"product_id\":\"p%d\",\"quantity\":1,\"occurred_at\":%d000}\n",
      prefix, i, rand() * 100, rand() * 200, now - int(rand() * 3600) }'
}

# measure FLAG RATE N: publishes N events, first all of them where RATE is 0, and prints the pipeline's account.
measure() {
  local flag=$1 rate=$2 n=$3 pipeline
  redis-cli -p "$redis_port" flushall >/dev/null
  rm -f "$work/summary.json"
  events "$n" "e$RANDOM-" >"$work/events.jsonl"
  local publish=("$work/replay" --input="$work/events.jsonl" --project=p --pos_topic=pos --ecom_topic=pos --wms_topic=pos --rate="$rate")
  [ "$rate" != 0 ] || "${publish[@]}" >"$work/replay.log" 2>&1 || fail "$(cat "$work/replay.log")"
  "$work/streamlytics" ${flag:+"$flag"} --project=p --pos_subscription=pos --redis_addrs="127.0.0.1:$redis_port" \
    --summary_file="$work/summary.json" 2>"$work/streamlytics.log" &
  pipeline=$!
  pids+=("$pipeline")
  [ "$rate" = 0 ] || "${publish[@]}" >"$work/replay.log" 2>&1 || fail "$(cat "$work/replay.log")"
  until grep -q "\"acked\": $n," "$work/summary.json" 2>/dev/null; do
    kill -0 "$pipeline" 2>/dev/null || fail "the pipeline ended: $(cat "$work/streamlytics.log")"
    sleep 0.5
  done
  kill -TERM "$pipeline"
  wait "$pipeline" || fail "the pipeline failed: $(cat "$work/streamlytics.log")"
  forget_last
  if [ "$rate" = 0 ]; then
    printf '  backlog of %s: %s\n' "$n" "$(tail -n 1 "$work/streamlytics.log")"
  else
    printf '  %s/s: %s\n' "$rate" "$(grep -A3 '"latency_ms"' "$work/summary.json" | tr -d ' \n{')"
  fi
}

for mode in "Prism inside" "Prism outside" "Prism inside" "Prism outside"; do
  echo "$mode"
  flag=
  [ "$mode" = "Prism inside" ] || flag=$endpoint
  measure "$flag" 0 "$backlog"
  for rate in 1000 5000; do measure "$flag" "$rate" $((rate * seconds)); done
done
