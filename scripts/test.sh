#!/usr/bin/env bash
# Runs every check of the project: format, vet, lint, shell scripts, and all tests, with the race
# detector where the code under test runs in their process. What is missing is installed, and named
# before that: redis-server, Chromium, npm, shellcheck, bats, curl, compilers for C and C++ (for the race
# detector and DuckDB) and Python. Works as root, as a user with sudo, and without a terminal.
set -euo pipefail
cd "$(dirname "$0")/.."

step() { printf '== %s\n' "$*"; }
fail() { printf 'test: %s\n' "$*" >&2; exit 1; }

# The folder for temporary files, of Beam and the toolchain too, is removed at the end, and what runs
# beside the script ends with it.
temp=$(mktemp -d)
groups=
# shellcheck disable=SC2086,SC2317,SC2329 # a list of process groups; the trap calls it
finish() {
  [ -z "$groups" ] || kill -- $groups 2>/dev/null || true
  rm -rf "$temp" || true
}
trap finish EXIT
export TMPDIR="$temp"
mkdir "$temp/running"

# run NAME COMMAND...: runs a command, which is named while it runs.
run() {
  local name=$1 status=0
  shift
  touch "$temp/running/$name"
  "$@" || status=$?
  rm -f "$temp/running/$name"
  return "$status"
}

# beside NAME COMMAND...: runs a command at the same time as what follows, in a process group of its
# own. Its output is kept for join. $! is its process.
beside() {
  set -m
  run "$@" >"$temp/$1" 2>&1 &
  set +m
  groups="$groups -$!"
}

# join NAME PROCESS: waits for a command that runs beside, and prints its output.
failed=
join() {
  step "$1"
  wait "$2" || failed="$failed $1"
  cat "$temp/$1"
}

# No silence is longer than half a minute.
report() {
  while sleep 20; do
    printf '== still running after %d s: %s\n' "$SECONDS" "$(cd "$temp/running" && ls -m)"
  done
}
set -m
report &
set +m
groups="-$!"

as_root() {
  if [ "$(id -u)" = 0 ]; then
    "$@"
  elif command -v sudo >/dev/null; then
    sudo "$@"
  else
    fail "not root, and there is no sudo: cannot run $*"
  fi
}

# need COMMAND "DEBIAN PACKAGES" "HOMEBREW FORMULA": installs what is missing. No formula means that Homebrew is no help.
need() {
  command -v "$1" >/dev/null || add "$@"
  command -v "$1" >/dev/null || fail "$1 is installed, but not on PATH"
}

# add: installs it, with the arguments of need.
updated=
add() {
  step "install $1"
  if command -v apt-get >/dev/null; then
    [ -n "$updated" ] || run "install $1" as_root apt-get update -qq
    updated=1
    # shellcheck disable=SC2086 # several packages
    run "install $1" as_root env DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends $2 </dev/null
  elif [ -n "$3" ] && command -v brew >/dev/null; then
    run "install $1" brew install --quiet "$3"
  else
    fail "$1 is missing, and there is no package manager here that would install it: install $1 and try again"
  fi
}

command -v go >/dev/null || fail "Go is missing: install Go 1.26 or later from https://go.dev/dl and try again"
need redis-server redis-server redis
need shellcheck shellcheck shellcheck
need cc "gcc libc6-dev" ""
need bats bats bats-core
need curl curl curl # walkthrough.md uses it
need c++ g++ "" # DuckDB, for the analyses
command -v chromium >/dev/null || command -v google-chrome >/dev/null || [ -d "/Applications/Google Chrome.app" ] ||
  add Chromium chromium ""
need npm npm node # axe-core, for the page
need python3 "python3 python3-venv" python # hadolint, schemathesis, and GoogleSQL for the analyses
python3 -c "import ensurepip" 2>/dev/null || add "Python's venv" python3-venv ""
[ "$(id -u)" != 0 ] || need setpriv util-linux "" # a test gives up root's rights over files

# The flags of the Dockerfile: what is compiled once serves vet, lint, tests and the programs that these
# run. A clone that belongs to another user is no reason for a build to fail.
export CGO_ENABLED=0 GOFLAGS="${GOFLAGS:-} -trimpath -buildvcs=false -gcflags=all=-dwarf=false"

# in_c COMMAND...: with what is written in C. The tags keep Go's own packages, and so all that is built
# on them, as they are without.
in_c() { CGO_ENABLED=1 GOFLAGS="$GOFLAGS -tags=netgo,osusergo" "$@"; }

# In CI a result from an earlier run is no result.
fresh=()
[ -z "${CI:-}" ] || fresh=(-count=1)
tests() { run "$1" go test ${fresh[@]+"${fresh[@]}"} -timeout=20m "${@:2}"; }

step "gofmt, shellcheck"
unformatted=$(gofmt -l .)
[ -z "$unformatted" ] || fail "run gofmt -w on: $unformatted"
shellcheck -x .ci/run scripts/*.sh setup_pubsub.sh launch_dataflow.sh deploy/dataflow/*.sh \
  deploy/dataflow/test/gcloud deploy/dataflow/test/*.sh deploy/dataflow/test/*.bash deploy/dataflow/test/*.bats

step "go vet"
run "go vet" go vet ./...

# The linter, which is built here, has the time that the tests wait for outages and deadlines.
beside golangci-lint nice -n 10 ./scripts/lint.sh
lint=$!
beside analyses in_c go test -C sql/local -timeout=15m ${fresh[@]+"${fresh[@]}"} ./...
analyses=$! # of the warehouse, in DuckDB and in GoogleSQL; they wait for a day of trade to pass

step "hadolint, actionlint, and launch_dataflow.sh with a gcloud that records"
run hadolint ./scripts/hadolint.sh Dockerfile
run actionlint go run github.com/rhysd/actionlint/cmd/actionlint@v1.7.12
run bats bats deploy/dataflow/test

step "the program, which all tests from outside share"
export TEST_PROGRAMS="$temp/programs"
run "go build" go build -trimpath -buildvcs=false -ldflags="-s -w" -o "$temp/programs/" ./cmd/streamlytics
CGO_ENABLED=1 run "go build -race" go build -race -o "$temp/programs/streamlytics-race" ./cmd/streamlytics

step "the files for Kubernetes, whose commands and probes run here"
run kubernetes go test -C deploy/kubernetes -timeout=10m ${fresh[@]+"${fresh[@]}"} ./... || failed="$failed kubernetes"

# The long packages come first. Tests wait more than they compute, so there may be more than cores.
step "tests of the programs, from outside"
tests "tests from outside" -p=4 ./test/e2e/faults ./test/e2e/soak ./test/e2e/lifecycle ./test/e2e/... ./test/rig ./cmd/streamlytics ||
  failed="$failed tests-from-outside"

# These have no goroutine, and draw so much that the race detector would take minutes.
step "tests at full size, without the race detector; the demo's Redis"
alone='./transforms/stock ./tools/retail'
# shellcheck disable=SC2086 # many packages
tests "tests at full size" $alone || failed="$failed tests-at-full-size"
tests "the demo's Redis" -run=Miniredis ./sinks/redis || failed="$failed demo-redis"

step "all other tests, with the race detector"
# shellcheck disable=SC2086 # many packages
others=$(go list ./sinks/... ./pipeline ./sources/... ./transforms ./... |
  grep -vxF "$(go list ./test/e2e/... ./test/rig ./cmd/streamlytics $alone)")
# shellcheck disable=SC2086 # many packages
GORACE="suppressions=$PWD/scripts/race-suppressions.txt ${GORACE:-}" CGO_ENABLED=1 tests "tests with the race detector" \
  -race -p=3 $others || failed="$failed tests-with-the-race-detector"

join analyses "$analyses"
join golangci-lint "$lint"
[ -z "$failed" ] || fail "these checks failed:$failed"
step "all checks passed, in $SECONDS s"
