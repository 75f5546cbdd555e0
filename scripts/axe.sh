#!/usr/bin/env bash
# Prints the path of axe.min.js, which tests the page for accessibility, at the version the project is checked with. Needs npm:
# the first run puts the package axe-core into the cache folder.
set -euo pipefail
version=4.14.1
cache=${XDG_CACHE_HOME:-$HOME/.cache}/streamlytics
file=$cache/axe-core-$version/axe.min.js
if [ ! -e "$file" ]; then
  mkdir -p "$cache"
  work=$(mktemp -d "$cache/axe-XXXXXX")
  trap 'rm -rf "$work"' EXIT
  archive=$(cd "$work" && npm pack --silent "axe-core@$version")
  tar -xzf "$work/$archive" -C "$work"
  mkdir -p "$(dirname "$file")"
  mv "$work/package/axe.min.js" "$file"
fi
echo "$file"
