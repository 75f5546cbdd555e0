#!/usr/bin/env bash
# Draws docs/demo.svg, the picture of README.md: the terminal of a real demo, 40 seconds after its start. Needs Go, tmux
# and python3.
set -euo pipefail
cd "$(dirname "$0")/.."
work=$(mktemp -d)
trap 'tmux -S "$work/tmux" kill-server 2>/dev/null || true; rm -rf "$work"' EXIT
go build -o "$work/" ./cmd/streamlytics
tmux -S "$work/tmux" -f /dev/null new-session -d -x 112 -y 33 "$work/streamlytics demo --duration=1m 2>$work/log"
sleep 40 # not a condition: the picture shows the trade of 40 minutes
tmux -S "$work/tmux" capture-pane -e -p | python3 scripts/picture.py > docs/demo.svg
