#!/usr/bin/env bash
# Runs the daemon and starts it anew whenever a source file changes. Containers go on meanwhile.
set -euo pipefail
cd "$(dirname "$0")/.."
source tools/steps.sh
bash tools/setup.sh
need_root 'The daemon' 'mounts file systems and makes network links' 'npm run dev'
export LXCTL_LOG_LEVEL="${LXCTL_LOG_LEVEL:-debug}"
rolldown -c rolldown.config.js --watch >.cache/bundle.log 2>&1 &
bundler=$!
# The bundles that are watched are newer than the stamp.
rm -f dist/sources.sha256
# A session of its own: an interrupt of the terminal comes once, from here, and the daemon ends in order.
setsid node --watch-path=dist/lxctld.mjs --watch-preserve-output dist/lxctld.mjs </dev/null &
watcher=$!
stop() { kill "$watcher" "$bundler" 2>/dev/null || true; }
trap stop EXIT
trap 'stop; wait "$watcher"' INT TERM
wait "$watcher" || true
