#!/usr/bin/env bats
# --dry_run prints a script that runs the same commands as a run without it.
# shellcheck disable=SC2016,SC2154 # literal $; variables of the helper
load helper

# scripted: prepares answers with which every command succeeds.
scripted() {
  fresh
  case $1 in
    run*) answer dataflow.jobs.describe JOB_STATE_RUNNING ;;
    replace* | *strategy=replace*)
      running old-id
      answers dataflow.jobs.describe JOB_STATE_DRAINED JOB_STATE_RUNNING
      ;;
    drain*)
      running old-id
      answer dataflow.jobs.describe JOB_STATE_DRAINED
      ;;
    wait* | status*) running new-id old-id ;;
    *) running old-id ;;
  esac
}

# holds LINE: checks that a run and the printed script make the same calls.
holds() {
  local script real
  scripted "$1"
  launch "$1 --dry_run"
  code 0
  script=$output
  same "$(recorded)" ""
  launch "$1"
  code 0
  real=$(recorded)
  queries=$(cat "$FAKE/bq.in" 2>/dev/null || true)
  scripted "$1"
  CLOUDSDK_CORE_DISABLE_PROMPTS=1 bash -euc "$script"
  same "$(recorded)" "$real"
  same "$(cat "$FAKE/bq.in" 2>/dev/null || true)" "$queries"
}

@test "for a command line of each kind" {
  n=0
  while IFS= read -r line; do
    line=${line/\$common/$common}
    line=${line/\$needed/$needed}
    holds "${line/\$job/$job}"
    n=$((n + 1))
  done < <(grep -v '^#' "$BATS_TEST_DIRNAME/command_lines")
  [ "$n" -ge 19 ]
}

@test "for parameters with whatever a shell or gcloud may stumble over" {
  # shellcheck disable=SC1003 # a backslash
  pieces=(a B 0 ',' '<1>' '~' '~~' ^ ' ' "'" '"' '$' '`' '\' '*' '!' '#' '&' ';' '|' '(' '=' '{' '%s' '$(touch x)' é -- @)
  for round in $(seq 12); do
    words=
    want="redis_addrs=10.0.0.3:6379
bigquery_dataset=retail"
    for name in online_store redis_username events_files; do
      value=
      if [ "$round" = 1 ]; then
        value='<1>,~@@@job_id@' # each a delimiter, and the last could run into the next; then what might be taken for a name
      else
        for _ in $(seq $((1 + RANDOM % 6))); do value=$value${pieces[RANDOM % ${#pieces[@]}]}; done
      fi
      words="$words $(printf '%q' "--parameter=$name=$value")"
      want="$want
$name=$value"
    done
    echo "with:$words"
    holds "run $common $needed$words"
    call=$(tr '\1' '\n' <"$FAKE/calls" | tr '\0' '\n' | sed -n 's/^--parameters=//p')
    same "$(items "$call")" "$want"
  done
}
