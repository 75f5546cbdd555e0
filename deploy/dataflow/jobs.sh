# Finds existing jobs by name, waits for them, drains and cancels them. Sourced.
# shellcheck shell=bash
# shellcheck disable=SC2154 # variables of the files beside it

here=()
set_here() { here=(--project="$opt_project" --region="$opt_region"); }

# The filters below are patterns, because gcloud's documentation announces that name=a will also
# match the name a-b.

# active_jobs: sets job_id to the ids of the jobs of that name that have not ended, one a line.
active_jobs() {
  set_here
  must_ask job_id gcloud dataflow jobs list "${here[@]}" --status=active --filter="name~^$opt_job_name\$" '--format=value(id)'
}

# find_job: sets job_id to the one job of that name that has not ended.
find_job() {
  active_jobs
  note "goes on if that printed one id"
  dry && return
  case $job_id in
    '') give_up 3 "no job named $opt_job_name runs in $opt_region: look with status, or start it with run" ;;
    *$'\n'*) give_up 3 "more than one job is named $opt_job_name in $opt_region; drain or cancel one by its id:" "${job_id//$'\n'/ }" ;;
  esac
}

console() { echo "https://console.cloud.google.com/dataflow/jobs/$opt_region/$job_id?project=$opt_project"; }

# await TIMEOUT GOAL...: waits until the state of job $job_id is a goal. It fails, with the last
# state in $state, if the job has ended in another state. It ends the program after the timeout.
await() {
  local limit begun=$SECONDS said='' failures=0 goal
  limit=$(seconds "$1")
  shift
  if dry; then
    note "the next is asked every $opt_poll, until it prints $1${2:+ or $2}"
    line gcloud dataflow jobs describe "$job_id" "${here[@]}" '--format=value(currentState)'
    echo
    return
  fi
  while true; do
    if ask state gcloud dataflow jobs describe "$job_id" "${here[@]}" '--format=value(currentState)'; then
      failures=0
      [ "$state" = "$said" ] || say "$job_id: $state"
      said=$state
      for goal in "$@"; do [ "$state" != "$goal" ] || return 0; done
      case $state in
        JOB_STATE_FAILED | JOB_STATE_CANCELLED | JOB_STATE_DONE | JOB_STATE_DRAINED | JOB_STATE_UPDATED) return 1 ;;
      esac
    else
      failures=$((failures + 1)) # a single failure may be of the network
      if [ "$failures" -ge 5 ]; then
        cat "$errors" >&2
        give_up 1 "the state of job $job_id cannot be asked for"
      fi
    fi
    if [ $((SECONDS - begun)) -ge "$limit" ]; then
      give_up 7 "job $job_id is ${said:-in no known state} after ${limit}s, not $*; it goes on. See $(console)"
    fi
    sleep "$(seconds "$opt_poll")"
  done
}

# why: prints the errors that the service and the launcher logged for job $job_id; nothing if the
# log cannot be read.
why() {
  gcloud logging read "resource.type=\"dataflow_step\" AND resource.labels.job_id=\"$job_id\" AND severity>=ERROR" \
    --project="$opt_project" --limit=20 --order=asc '--format=value(textPayload)' 2>/dev/null || true
}

# await_running run|update|wait: waits until job $job_id runs, or is done if its input has an end.
# It ends the program if the job failed, or if Dataflow refused the update.
await_running() {
  local causes
  ! await "$opt_timeout" JOB_STATE_RUNNING JOB_STATE_DONE || return 0
  causes=$(why)
  [ -z "$causes" ] || say "$causes"
  if [ "$1" = update ] && incompatible "$causes"; then refused; fi
  give_up 5 "job $job_id is $state; see $(console)"
}

# incompatible TEXT: whether TEXT is Dataflow's message that the running job cannot be updated.
incompatible() {
  printf '%s' "$1" | grep -Eiq 'not compatible|incompatible|compatibility|new job is missing steps|(coder|step|side input).*(changed|mismatch)'
}
refused() {
  give_up 6 "the running job cannot hand its state to the new version; it goes on as it was. If steps were only renamed, name them with" \
    "--transform_name_mapping=OLD=NEW. Else: launch_dataflow.sh replace, which drains the job and rebuilds its state from the archive"
}

do_wait() {
  set_here
  must_ask job_id gcloud dataflow jobs list "${here[@]}" --status=all --filter="name~^$opt_job_name\$" --sort-by='~creationTime' \
    '--format=value(id)'
  note "the first of them is the newest"
  # shellcheck disable=SC2016 # the $ is part of the output
  ! dry || echo 'job_id=$(echo "$job_id" | head -n 1)'
  job_id=${job_id%%$'\n'*}
  [ -n "$job_id" ] || give_up 3 "there is no job named $opt_job_name in $opt_region"
  await_running wait
}

do_status() {
  local jobs
  set_here
  must_ask jobs gcloud dataflow jobs list "${here[@]}" --status=all --filter="name~^$opt_job_name\$" --sort-by='~creationTime' \
    '--format=table(id,state,creationTime,type)'
  dry && return
  [ -n "$jobs" ] || give_up 3 "there is no job named $opt_job_name in $opt_region"
  printf '%s\n' "$jobs"
}

# end_job drain|cancel: ends job $job_id. gcloud exits with 0 if Dataflow refuses, and reports it on
# the standard error only.
end_job() {
  if dry; then
    order gcloud dataflow jobs "$1" "$job_id" "${here[@]}"
    return
  fi
  gcloud dataflow jobs "$1" "$job_id" "${here[@]}" >"$errors" 2>&1 || { cat "$errors" >&2 && give_up 1 "job $job_id: $1 failed"; }
  cat "$errors" >&2
  ! grep -q '^Failed to ' "$errors" || give_up 1 "job $job_id: $1 was refused"
}

# drain_job: drains job $job_id and waits until it is drained.
drain_job() {
  end_job drain
  await "$opt_drain_timeout" JOB_STATE_DRAINED && return
  give_up 5 "job $job_id is $state instead of drained; see $(console)"
}

do_drain() {
  find_job
  if [ "${opt_no_wait-}" = true ]; then end_job drain; else drain_job; fi
}

do_cancel() {
  find_job
  end_job cancel
}
