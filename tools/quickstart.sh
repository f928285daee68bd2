#!/usr/bin/env bash
# From a fresh checkout to a running Debian container: set-up, daemon, two containers, a look at them.
set -euo pipefail
cd "$(dirname "$0")/.."
source tools/steps.sh

need_root 'The quick start' 'installs packages and makes containers' 'npm run quickstart'
export LXCTL_DIR="${LXCTL_DIR:-/var/lib/lxctl}"
lxctl=bin/lxctl
log="$LXCTL_DIR/logs/lxctld.log"

bash tools/setup.sh

if ! "$lxctl" admin waitready --timeout 1 >/dev/null 2>&1; then
  say "Starting the daemon on $LXCTL_DIR"
  mkdir -p "${log%/*}"
  # A session of its own: the daemon stays when this terminal goes.
  setsid bin/lxctld >>"$log" 2>&1 </dev/null &
  daemon=$!
  if ! "$lxctl" admin waitready --timeout 60 >/dev/null 2>&1; then
    kill -0 "$daemon" 2>/dev/null && fail "the daemon did not get ready within a minute; see $log"
    fail "the daemon did not start: $(tail -n 1 "$log")"
  fi
  disown "$daemon" 2>/dev/null || true
fi

# have NAME: whether the instance exists. state NAME: its state.
have() { "$lxctl" config show "$1" >/dev/null 2>&1; }
state() { "$lxctl" list "^$1\$" -c s --format csv; }

# running NAME RECIPE: makes and starts it where needed.
running() {
  if ! have "$1"; then
    "$lxctl" launch "$2" "$1"
  elif [ "$(state "$1")" != RUNNING ]; then
    say "Starting $1"
    "$lxctl" start "$1"
  fi
}

# await SECONDS COMMAND...: repeats the command until it succeeds.
await() {
  local until=$((SECONDS + $1))
  shift
  until "$@"; do
    [ "$SECONDS" -lt "$until" ] || return 1
    sleep 0.2
  done
}

address() { "$lxctl" list "^$1\$" -c 4 --format csv | grep -oE '[0-9]+(\.[0-9]+){3}' | head -n 1; }
has_address() { [ -n "$(address "$1")" ]; }
inside() { "$lxctl" exec first -- "$@" </dev/null; }
try() { if "${@:2}" >/dev/null 2>&1; then say "  ok      $1"; else say "  FAILED  $1"; failed=1; fi; }

have first || "$lxctl" image info debian/12 >/dev/null 2>&1 || say 'A Debian image is built first, from its package mirror: about half a minute'
running first build:debian/12
running second build:busybox

failed=''
system=$(inside systemctl is-system-running --wait 2>/dev/null || true)
await 30 has_address first || fail "the container first got no address; see $log and: $lxctl exec first -- networkctl"
await 30 has_address second || fail "the container second got no address; see $log"
host=$(inside ip -4 route show default | awk '{ print $3; exit }')

say ''
"$lxctl" list
say ''
say "Inside first:"
say "  systemd says: $system"
[ "$system" = running ] || failed=1
try "pings its neighbour second ($(address second)) by name" inside ping -c 1 -W 3 second
try "pings the host ($host)" inside ping -c 1 -W 3 "$host"
say ''
[ -z "$failed" ] || fail "not everything works inside the container; look with: $lxctl shell first, and at $log"

say 'What to try next:'
[ "$LXCTL_DIR" = /var/lib/lxctl ] || say "  export LXCTL_DIR=$LXCTL_DIR          so that the command finds this daemon"
cat <<END
  bin/lxctl shell first                             a login inside
  bin/lxctl exec first -- systemctl status          one command
  bin/lxctl launch build:busybox third              another one, in milliseconds
  bin/lxctl stop third && bin/lxctl delete third
  bin/lxctl config set first limits.memory=512MiB   a limit, at once
  bin/lxctl monitor --pretty                        what happens
  LXD_DIR=$LXCTL_DIR lxc list           LXD's own client works too
  bin/lxctl admin shutdown                          stops containers and daemon
END
