#!/usr/bin/env bash
# Runs schemathesis against a server of signals: it draws requests from /openapi.json, valid and not, and checks every answer
# against it. The argument is the server's URL. Streams are left out, because they do not end, and so is the check that valid
# data is accepted: a schema can state neither the bytes nor the Unicode categories of ids. Tests of serving/api have both.
# Needs Python with venv: the first run installs schemathesis into the cache folder.
set -euo pipefail
url=$1
pins=$(cd "$(dirname "$0")" && pwd)/schemathesis.txt
venv=${XDG_CACHE_HOME:-$HOME/.cache}/streamlytics/schemathesis-$(cksum <"$pins" | cut -d' ' -f1)
if [ ! -e "$venv/ready" ]; then
  python3 -m venv --clear "$venv"
  "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-deps --only-binary=:all: --requirement="$pins"
  touch "$venv/ready"
fi
temp=$(mktemp -d) # what it keeps of a run
trap 'rm -rf "$temp"' EXIT
cd "$temp"
"$venv/bin/schemathesis" run "$url/openapi.json" --exclude-operation-id=stream --checks=all \
  --exclude-checks=positive_data_acceptance --seed=1 --max-examples=25 --no-color
