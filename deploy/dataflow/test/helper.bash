# Functions of the tests of launch_dataflow.sh.
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

# fresh: forgets all calls. No job runs, and a job that is started runs at once.
fresh() {
  rm -rf "$FAKE"
  mkdir -p "$FAKE"
  : >"$FAKE/calls"
  answer dataflow.flex-template.run new-id
  answer dataflow.jobs.describe JOB_STATE_RUNNING
  answer artifacts.docker.images.describe "gcr.io/dataflow-templates-base/go-template-launcher-base@sha256:$(printf '4%.0s' $(seq 64))"
}
# running ID...: these jobs run.
running() { answer dataflow.jobs.list "$(printf '%s\n' "$@")"; }
# answer NAME TEXT, says NAME TEXT, fails NAME CODE: set the standard output, the standard error and
# the exit code of later calls of a command.
answer() { printf '%s\n' "$2" >"$FAKE/$1.out"; }
says() { printf '%s\n' "$2" >"$FAKE/$1.err"; }
fails() { echo "$2" >"$FAKE/$1.exit"; }
# answers NAME TEXT...: set the standard output of its first call, its second, and so on.
answers() {
  local name=$1 n=0 text
  shift
  : >"$FAKE/$name.out"
  for text in "$@"; do
    n=$((n + 1))
    printf -- '-- %d\n%s\n' "$n" "$text" >>"$FAKE/$name.out"
  done
}

# launch WORDS: runs the script. A single word is split as a line of command_lines.
launch() {
  # shellcheck disable=SC2086 # it is to be split
  if [ $# = 1 ]; then eval "run --separate-stderr \"$root/launch_dataflow.sh\" $1"; else run --separate-stderr "$root/launch_dataflow.sh" "$@"; fi
}

# recorded: prints the calls, one a line, with bars between arguments.
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
# given NAME: prints the calls of a command. NAME has bars between its words.
given() { recorded | grep "^$1\\(|\\|\$\\)" || true; }

# option CALL FLAG: prints the value of a flag in a call.
option() { printf '%s' "$1" | tr '|' '\n' | sed -n "s/^$2=//p"; }

# items LIST: prints the items of a gcloud list ("gcloud topic escaping"), one a line.
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

# code N: checks the exit code of the script.
code() {
  [ "$status" = "$1" ] && return
  printf 'exit code %s, not %s\n%s\n%s\n' "$status" "$1" "$output" "$stderr"
  return 1
}
# said TEXT: checks that the standard error has the text. unsaid TEXT: checks that no output has it.
said() {
  case $stderr in *"$1"*) ;; *) printf 'not said: %s\nbut: %s\n' "$1" "$stderr" && return 1 ;; esac
}
unsaid() {
  case "$stderr$output" in *"$1"*) printf 'said: %s\n' "$stderr$output" && return 1 ;; esac
}
# same GOT WANT: checks that two texts are equal.
same() {
  [ "$1" = "$2" ] && return
  printf 'got:\n%s\nwant:\n%s\n' "$1" "$2"
  return 1
}
