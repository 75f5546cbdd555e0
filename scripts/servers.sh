# Servers for the scripts beside it, which source it: a working folder in $work, what they start, and its end with the script.
# shellcheck shell=bash

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

fail() { printf '%s: %s\n' "$(basename "$0" .sh)" "$*" >&2; exit 1; }
command -v redis-server >/dev/null || fail "redis-server is missing; 'make test' installs it"

# forget_last: the process that was started last has been waited for, and its id may be another's.
forget_last() { unset "pids[$((${#pids[@]} - 1))]"; }

# started LOG PATTERN COMMAND...: starts a server and waits until its log shows the pattern. It fails when the server ends first or
# is not ready in ten seconds, and the server is gone then.
started() {
  local log=$1 pattern=$2 pid
  shift 2
  "$@" >"$log" 2>&1 &
  pid=$!
  pids+=("$pid")
  for _ in $(seq 100); do
    if grep -q "$pattern" "$log"; then return; fi
    kill -0 "$pid" 2>/dev/null || break
    sleep 0.1
  done
  kill "$pid" 2>/dev/null || true
  wait "$pid" 2>/dev/null || true
  forget_last
  return 1
}

# serve LOG PATTERN COMMAND...: the same, and it must succeed.
serve() { started "$@" || fail "$3 does not start: $(cat "$1")"; }

# serve_redis: a Redis that keeps nothing, at $redis_port. A port that somebody else has is no reason to fail.
serve_redis() {
  for _ in $(seq 20); do
    redis_port=$((20000 + RANDOM % 20000))
    started "$work/redis.log" 'Ready to accept connections' redis-server --port "$redis_port" --bind 127.0.0.1 --save '' --appendonly no --dir "$work" && return
  done
  fail "redis-server does not start: $(cat "$work/redis.log")"
}

# serve_pubsub PROJECT CREATE: a Pub/Sub server with topics and subscriptions, at $PUBSUB_EMULATOR_HOST.
serve_pubsub() {
  serve "$work/pubsub.log" '^PUBSUB_EMULATOR_HOST=' "$work/streamlytics" pubsub serve --addr=127.0.0.1:0 --project="$1" --create="$2"
  PUBSUB_EMULATOR_HOST=$(sed -n 's/^PUBSUB_EMULATOR_HOST=//p' "$work/pubsub.log")
  export PUBSUB_EMULATOR_HOST
}
