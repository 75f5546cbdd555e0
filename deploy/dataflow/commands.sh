# How launch_dataflow.sh gives commands to gcloud, bq and docker, or prints them: with --dry_run, what is printed is a script that gives the
# same commands. Sourced.
# shellcheck shell=bash
# shellcheck disable=SC2154 # variables of the files beside it

export CLOUDSDK_CORE_DISABLE_PROMPTS=1 # a question would wait for an answer that nobody gives

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

# mark is around the name of what an earlier command printed. No value has it: control characters are no part of any.
mark=$'\001'

# quoted WORD: as a shell reads it. What an earlier command printed becomes "$name".
quoted() {
  case $1 in
    '') printf "''" ;;
    *[!A-Za-z0-9_./:=@%+,$mark-]*)
      # shellcheck disable=SC2016 # the $ is for the shell that reads it
      printf '%s' "$1" | sed -e "s/'/'\\\\''/g" -e "s/$mark\\([a-z_]*\\)$mark/'\"\$\\1\"'/g" -e "s/^/'/" -e "s/\$/'/"
      ;;
    *) printf '%s' "$1" | sed -e "s/$mark\\([a-z_]*\\)$mark/\"\$\\1\"/g" ;;
  esac
}
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

# order COMMAND...: gives it, and ends the program where it fails. Standard output is for what the program was asked, such as a job's id.
order() {
  if dry; then
    line "$@"
    echo
    return
  fi
  "$@" >&2 || give_up 1 "this failed: $(line "$@")"
}

# ask VARIABLE COMMAND...: gives it, and keeps what it prints. Where it fails, what it said is in the file $errors.
ask() {
  local variable=$1 printed
  shift
  if dry; then
    # shellcheck disable=SC2016 # the same
    printf '%s=$(%s)\n' "$variable" "$(line "$@")"
    printf -v "$variable" '%s%s%s' "$mark" "$variable" "$mark"
    return
  fi
  printed=$("$@" 2>"$errors") || return 1
  printf -v "$variable" '%s' "$printed"
}

# must_ask VARIABLE COMMAND...: the same, and ends the program where it fails.
must_ask() {
  ask "$@" && return
  cat "$errors" >&2
  shift
  give_up 1 "this failed: $(line "$@")"
}

# joined WORD...: as one argument of gcloud's that takes a list. Where a word has a comma, another delimiter is announced, as
# "gcloud topic escaping" says. That one is in no word, and its end is not its beginning, so that no word's end can be taken for it.
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
