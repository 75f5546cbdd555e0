#!/usr/bin/env bash
# Runs every check of the project: format, vet, lint, shell scripts, all tests, with the race detector where the code under test runs in
# their process, and the property tests again at full size. Installs what is missing: redis-server, shellcheck, bats, curl, compilers for C and C++ (for the race detector
# and DuckDB) and Python. Works as root, as a user with sudo, and without a terminal.
set -euo pipefail
cd "$(dirname "$0")/.."

step() { printf '== %s\n' "$*"; }
fail() { printf 'test: %s\n' "$*" >&2; exit 1; }

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
    [ -n "$updated" ] || as_root apt-get update -qq
    updated=1
    # shellcheck disable=SC2086 # several packages
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends $2 </dev/null
  elif [ -n "$3" ] && command -v brew >/dev/null; then
    brew install --quiet "$3"
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
need python3 "python3 python3-venv" python # hadolint, and GoogleSQL for the analyses
python3 -c "import ensurepip" 2>/dev/null || add "Python's venv" python3-venv ""
[ "$(id -u)" != 0 ] || need setpriv util-linux "" # a test gives up root's rights over files

# The flags of the Dockerfile: what is compiled once serves vet, lint, tests and the programs that these run. What is for debuggers, which
# the Dockerfile has the linker leave out, is not made at all. A clone that belongs to another user is no reason for a build to fail.
export CGO_ENABLED=0 GOFLAGS="${GOFLAGS:-} -trimpath -buildvcs=false -gcflags=all=-dwarf=false"

# in_c COMMAND...: with what is written in C. The tags keep Go's own packages, and so all that is built on them, as they are without.
in_c() { CGO_ENABLED=1 GOFLAGS="$GOFLAGS -tags=netgo,osusergo" "$@"; }

step "gofmt"
unformatted=$(gofmt -l .)
[ -z "$unformatted" ] || fail "run gofmt -w on: $unformatted"

step "go vet"
go vet ./...

step "golangci-lint"
./scripts/lint.sh

step "shellcheck"
shellcheck -x .ci/run scripts/*.sh setup_pubsub.sh launch_dataflow.sh deploy/dataflow/*.sh \
  deploy/dataflow/test/gcloud deploy/dataflow/test/*.sh deploy/dataflow/test/*.bash deploy/dataflow/test/*.bats

step "hadolint"
./scripts/hadolint.sh --ignore=DL3066 Dockerfile # the user has no number because the base image names it

step "actionlint"
go run github.com/rhysd/actionlint/cmd/actionlint@v1.7.12

# What Beam and the toolchain leave in the folder for temporary files goes with the run.
temp=$(mktemp -d)
trap 'rm -rf "$temp" || true' EXIT
export TMPDIR="$temp"

# In CI a result from an earlier run is no result.
fresh=()
[ -z "${CI:-}" ] || fresh=(-count=1)

# Tests wait for outages and deadlines more than they compute, so there may be more of them than cores.
step "tests, with the race detector"
outside='/test/(e2e|rig)' # tests that drive the built programs: the detector would watch the drivers. A program that is built with it is among them.
inside=$(go list ./sinks/... ./pipeline ./sources/... ./transforms ./... | grep -v "$outside") # the long ones first
# shellcheck disable=SC2086 # many packages
GORACE="suppressions=$PWD/scripts/race-suppressions.txt ${GORACE:-}" CGO_ENABLED=1 go test -race -p=3 -timeout=20m ${fresh[@]+"${fresh[@]}"} $inside

step "tests of the programs, from outside; analyses of the warehouse, in DuckDB and in GoogleSQL"
said="$temp/analyses"
in_c go test -C sql/local -timeout=15m ${fresh[@]+"${fresh[@]}"} ./... >"$said" 2>&1 & # it waits for a day of trade to pass
analyses=$!
status=0
go test -p=4 -timeout=20m ${fresh[@]+"${fresh[@]}"} ./test/e2e/faults ./test/e2e/soak ./test/e2e/lifecycle ./test/e2e/... ./test/rig || status=$?
wait "$analyses" || status=$?
cat "$said"
[ "$status" = 0 ] || exit "$status"

step "property tests at full size, and the demo's Redis: the race detector is too slow for them"
go test -timeout=10m ${fresh[@]+"${fresh[@]}"} ./transforms/stock ./tools/retail
go test -timeout=10m ${fresh[@]+"${fresh[@]}"} -run=Miniredis ./sinks/redis

step "launch_dataflow.sh, with a gcloud that records"
bats deploy/dataflow/test

step "all checks passed"
