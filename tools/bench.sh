#!/usr/bin/env bash
# npm run bench [ROUNDS [MANY]]: times an instance's whole life on a daemon of its own, beside LXD and Incus where they run,
# and counts what it asks of the database; with MANY also so many running instances (1000: some minutes).
# LXD is found at $LXD_SOCKET (default /var/lib/lxd/unix.socket), Incus at $INCUS_SOCKET; they get the same image, in the pool
# $LXD_POOL or $INCUS_POOL (default).
set -euo pipefail
cd "$(dirname "$0")/.."
# Node 20 reads the whole bundle at every start: 40 ms that have nothing to do with us.
unset NODE_EXTRA_CA_CERTS
rounds=${1:-10}
many=${2:-}
[ -n "${LXCTL_BENCH_NO_SETUP:-}" ] || bash tools/setup.sh

directory=$(mktemp -d /tmp/lxctl-bench-XXXXXX)
chmod 755 "$directory"
export LXCTL_DIR=$directory LXCTL_LOG_LEVEL=warn
node dist/lxctld.mjs >"$directory/daemon.log" 2>&1 &
daemon=$!
finish() {
  bin/lxctl admin shutdown --force >/dev/null 2>&1 || kill "$daemon" 2>/dev/null || true
  wait "$daemon" 2>/dev/null || true
  rm -rf "$directory"
}
trap finish EXIT
bin/lxctl admin waitready --timeout 60
bash tools/bench/image.sh "$directory/bench.tar.gz"
bin/lxctl image import "$directory/bench.tar.gz" --alias bench >/dev/null

# peer NAME SOCKET POOL: gives the daemon the same image, and measures it too, if one answers there.
peers=()
undo=()
peer() {
  local name=$1 socket=$2 pool=$3 fingerprint
  ask() { curl -fsS --unix-socket "$socket" "$@"; }
  if ! { [ -S "$socket" ] && ask http://peer/1.0 >/dev/null 2>&1; }; then
    echo "No $name answers at $socket."
    return
  fi
  fingerprint=$(sha256sum "$directory/bench.tar.gz" | cut -d ' ' -f 1)
  ask http://peer/1.0/images -H 'Content-Type: application/octet-stream' --data-binary "@$directory/bench.tar.gz" >/dev/null
  until ask "http://peer/1.0/images/$fingerprint" >/dev/null 2>&1; do sleep 0.2; done
  ask http://peer/1.0/images/aliases -d "{\"name\": \"lxctl-bench\", \"target\": \"$fingerprint\"}" >/dev/null
  undo+=("$socket http://peer/1.0/images/$fingerprint")
  peers+=("$name=$socket,lxctl-bench,$pool")
}
leave() {
  for image in "${undo[@]}"; do curl -fsS --unix-socket "${image% *}" -X DELETE "${image#* }" >/dev/null || true; done
  finish
}
trap leave EXIT
peer lxd "${LXD_SOCKET:-/var/lib/lxd/unix.socket}" "${LXD_POOL:-default}"
peer incus "${INCUS_SOCKET:-/var/lib/incus/unix.socket}" "${INCUS_POOL:-default}"

own="lxctl=$directory/unix.socket,bench,default"
node tools/bench/life.mjs "$rounds" "$own" "${peers[@]}"
node tools/bench/files.mjs "$rounds" "$own" "${peers[@]}"
node tools/bench/command.mjs
[ -z "$many" ] || node tools/bench/many.mjs "$many" "$own"
