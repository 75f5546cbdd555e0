# What the tests of launch_dataflow.sh share.
# shellcheck shell=bash
# shellcheck disable=SC2154 # bats sets status, output and stderr

bats_require_minimum_version 1.5.0

# shellcheck source=deploy/dataflow/test/lines.sh
. "$BATS_TEST_DIRNAME/lines.sh"
root=$(cd "$BATS_TEST_DIRNAME/../../.." && pwd)

setup() {
  export FAKE="$BATS_TEST_TMPDIR/fake"
  PATH="$BATS_TEST_DIRNAME:$PATH"
  fresh
}

# fresh: nothing was called, and the cloud is as it should be: no job runs, and whatever is started runs at once.
fresh() {
  rm -rf "$FAKE"
  mkdir -p "$FAKE"
  : >"$FAKE/calls"
  answer dataflow.flex-template.run new-id
  answer dataflow.jobs.describe JOB_STATE_RUNNING
  answer artifacts.docker.images.describe "gcr.io/dataflow-templates-base/go-template-launcher-base@sha256:$(printf '4%.0s' $(seq 64))"
}
# running ID...: jobs that run.
running() { answer dataflow.jobs.list "$(printf '%s\n' "$@")"; }
# answer NAME TEXT; says NAME TEXT; fails NAME CODE: what the command does from now on.
answer() { printf '%s\n' "$2" >"$FAKE/$1.out"; }
says() { printf '%s\n' "$2" >"$FAKE/$1.err"; }
fails() { echo "$2" >"$FAKE/$1.exit"; }
# answers NAME TEXT...: what it prints the first time, the second, and so on.
answers() {
  local name=$1 n=0 text
  shift
  : >"$FAKE/$name.out"
  for text in "$@"; do
    n=$((n + 1))
    printf -- '-- %d\n%s\n' "$n" "$text" >>"$FAKE/$name.out"
  done
}

# launch WORDS: runs the script; a single word is read as command_lines are.
launch() {
  # shellcheck disable=SC2086 # words, where they are plain
  if [ $# = 1 ]; then eval "run --separate-stderr \"$root/launch_dataflow.sh\" $1"; else run --separate-stderr "$root/launch_dataflow.sh" "$@"; fi
}

# recorded: the calls, one a line, arguments between bars.
recorded() {
  local argument text=
  while IFS= read -r -d '' argument; do
    case $argument in
      $'\1'*) text="$text"$'\n'"${argument#$'\1'}" ;;
      *) text="$text${text:+|}$argument" ;;
    esac
  done <"$FAKE/calls"
  printf '%s\n' "$text"
}
# given NAME: the calls of a command, its words joined by bars.
given() { recorded | grep "^$1\\(|\\|\$\\)" || true; }

# option CALL FLAG: the value of a flag in a call.
option() { printf '%s' "$1" | tr '|' '\n' | sed -n "s/^$2=//p"; }

# items LIST: the items of an argument of gcloud that is a list, as "gcloud topic escaping" says.
items() {
  local list=$1 delimiter=,
  if [[ $list =~ ^\^([^^]+)\^(.*)$ ]]; then
    delimiter=${BASH_REMATCH[1]}
    list=${BASH_REMATCH[2]}
  fi
  while [ "${list#*"$delimiter"}" != "$list" ]; do
    printf '%s\n' "${list%%"$delimiter"*}"
    list=${list#*"$delimiter"}
  done
  printf '%s\n' "$list"
}

# code N: the script ended so.
code() {
  [ "$status" = "$1" ] && return
  printf 'exit code %s, not %s\n%s\n%s\n' "$status" "$1" "$output" "$stderr"
  return 1
}
# said TEXT: it said so on its error stream. unsaid TEXT: it did not, and nowhere else.
said() {
  case $stderr in *"$1"*) ;; *) printf 'not said: %s\nbut: %s\n' "$1" "$stderr" && return 1 ;; esac
}
unsaid() {
  case "$stderr$output" in *"$1"*) printf 'said: %s\n' "$stderr$output" && return 1 ;; esac
}
same() {
  [ "$1" = "$2" ] && return
  printf 'got:\n%s\nwant:\n%s\n' "$1" "$2"
  return 1
}
