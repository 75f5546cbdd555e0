# Runs gcloud, bq and docker for launch_dataflow.sh, or prints their commands: with --dry_run the
# output is a script that runs the same commands. Sourced.
# shellcheck shell=bash
# shellcheck disable=SC2154 # variables of the files beside it

export CLOUDSDK_CORE_DISABLE_PROMPTS=1 # nobody answers a question

say() { printf '%s\n' "$*" >&2; }
give_up() {
  local code=$1
  shift
  say "launch_dataflow: $*"
  exit "$code"
}
dry() { [ "${opt_dry_run-}" = true ]; }
note() { ! dry || printf '# %s\n' "$*"; }

need_programs() {
  dry && return
  command -v gcloud >/dev/null || give_up 8 "gcloud is missing: install the Google Cloud CLI, https://cloud.google.com/sdk/docs/install"
  case $1,$opt_strategy in
    export,* | replace,* | rollback,replace)
      command -v bq >/dev/null || give_up 8 "bq is missing: it is a component of the Google Cloud CLI, gcloud components install bq"
      ;;
  esac
  [ "$1" != build ] || [ "$opt_builder" != docker ] || command -v docker >/dev/null ||
    give_up 8 "docker is missing: install it, or build with --builder=cloudbuild"
}

# mark encloses, with --dry_run, the name of a variable that an earlier command sets. It is a
# control character, and no option contains one.
mark=$'\001'

# quoted WORD: prints the word quoted for a shell, and a marked name as "$name".
quoted() {
  case $1 in
    '') printf "''" ;;
    *[!A-Za-z0-9_./:=@%+,$mark-]*)
      # shellcheck disable=SC2016 # the $ is part of the output
      printf '%s' "$1" | sed -e "s/'/'\\\\''/g" -e "s/$mark\\([a-z_]*\\)$mark/'\"\$\\1\"'/g" -e "s/^/'/" -e "s/\$/'/"
      ;;
    *) printf '%s' "$1" | sed -e "s/$mark\\([a-z_]*\\)$mark/\"\$\\1\"/g" ;;
  esac
}
# line WORD...: prints a command, quoted for a shell.
line() {
  local word sep=
  for word in "$@"; do
    printf '%s' "$sep"
    quoted "$word"
    sep=' '
  done
}

errors=$(mktemp)
trap 'rm -f "$errors"' EXIT

# order COMMAND...: runs a command, and ends the program if it fails. The command's output goes to
# the standard error: the standard output is for results, such as the id of a job.
order() {
  if dry; then
    line "$@"
    echo
    return
  fi
  "$@" >&2 || give_up 1 "this failed: $(line "$@")"
}

# ask VARIABLE COMMAND...: runs a command and sets the variable to its output. If the command fails,
# ask fails and its messages are in the file $errors.
ask() {
  local variable=$1 printed
  shift
  if dry; then
    # shellcheck disable=SC2016 # the $ is part of the output
    printf '%s=$(%s)\n' "$variable" "$(line "$@")"
    printf -v "$variable" '%s%s%s' "$mark" "$variable" "$mark"
    return
  fi
  printed=$("$@" 2>"$errors") || return 1
  printf -v "$variable" '%s' "$printed"
}

# must_ask VARIABLE COMMAND...: as ask, but ends the program if the command fails.
must_ask() {
  ask "$@" && return
  cat "$errors" >&2
  shift
  give_up 1 "this failed: $(line "$@")"
}

# joined WORD...: prints the words as the value of a gcloud flag that takes a list. If a word has a
# comma, the list begins by naming another delimiter ("gcloud topic escaping"), which is in no word
# and cannot begin with the end of one.
joined() {
  local delimiter=, all="$*" word sep='' n=0
  case $all in
    *,* | ^*)
      delimiter='~'
      while case $all in *"$delimiter"*) true ;; *) false ;; esac; do
        n=$((n + 1))
        delimiter="<$n>"
      done
      printf '^%s^' "$delimiter"
      ;;
  esac
  for word in "$@"; do
    printf '%s%s' "$sep" "$word"
    sep=$delimiter
  done
}
