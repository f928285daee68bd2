#!/usr/bin/env bash
# Set-up, then every lane that this machine can run. The last line is `N passed, N failed, N skipped`.
# Lanes can be named: npm test -- unit e2e. What is skipped is listed with its reason and counted.
set -uo pipefail
cd "$(dirname "$0")/.."
source tools/steps.sh

lanes=("$@")
[ ${#lanes[@]} -gt 0 ] || lanes=(check unit root postgres native e2e clients faults)
bash tools/setup.sh --test || exit 1
out=.cache/test
rm -rf "$out" && mkdir -p "$out"

# Why a lane cannot run on this machine; nothing when it can.
obstacle() {
  case $1 in
    root) [ "$(id -u)" = 0 ] || say 'it needs root, because it mounts, makes network links or changes owners' ;;
    postgres) [ -n "$(compgen -G '/usr/lib/postgresql/*/bin/postgres')" ] || command -v postgres >/dev/null || say 'there is no PostgreSQL server (Debian package postgresql-15)' ;;
    native | e2e | clients | faults)
      [ "$(id -u)" = 0 ] || { say 'it needs root, because it makes containers'; return; }
      unshare --mount true 2>/dev/null || { say 'this machine forbids mount namespaces (unshare --mount)'; return; }
      ;;
  esac
  [ "$1" != clients ] || command -v lxc >/dev/null || say "the stock client is missing (Debian package lxd-client)"
}

run_lane() {
  local lane=$1 reason
  reason=$(obstacle "$lane")
  say "== $lane"
  if [ -n "$reason" ]; then
    say "skipped: $reason"
    printf '%s\n' "$reason" >"$out/$lane.skipped"
  elif [ "$lane" = check ]; then
    bash tools/check.sh
    cp .cache/check/results "$out/check.results" 2>/dev/null || true
  else
    # The time limit is for a lane that hangs: its daemon would hold up everything after it.
    timeout --kill-after=10 600 vitest run --project "$lane" --passWithNoTests --reporter=default \
      --reporter=json --outputFile.json="$out/$lane.json" </dev/null
    printf '%s\n' "$?" >"$out/$lane.code"
  fi
}

for lane in "${lanes[@]}"; do run_lane "$lane"; done
exec node tools/summary.mjs "$out" "${lanes[@]}"
