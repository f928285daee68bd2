#!/usr/bin/env bash
# npm run bench [ROUNDS [MANY]]: times an instance's whole life on a daemon of its own, beside LXD and Incus where they run,
# and counts what it asks of the database; with MANY also so many running instances (1000: some minutes).
# npm run bench -- storage [ROUNDS [CASES]]: snapshots, restores and copies on each kind of pool, of a small root (busybox), a Debian
# (debian), a changed gigabyte (gigabyte), and what many layers cost (depth). CASES, with commas, are some of these. All of them take
# minutes and 20 GB of disk; the Debian is built by the recipe.
# LXD is found at $LXD_SOCKET (default /var/lib/lxd/unix.socket), Incus at $INCUS_SOCKET; they get the same image, in the pool
# $LXD_POOL or $INCUS_POOL (default); storage is measured in LXD's pool $LXD_DIR_POOL (d), too, where it has that.
set -euo pipefail
cd "$(dirname "$0")/.."
# Node 20 reads the whole bundle at every start: 40 ms that have nothing to do with us.
unset NODE_EXTRA_CA_CERTS
what=life
if [ "${1:-}" = storage ]; then
  what=storage
  cases=${3:-busybox,debian,gigabyte,depth}
  set -- "${2:-3}"
fi
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

if [ "$what" = storage ]; then
  if [[ $cases == *debian* ]]; then
    bin/lxctl init build:debian/12 bench-debian >/dev/null
    bin/lxctl publish bench-debian --alias bench-debian >/dev/null
    bin/lxctl delete bench-debian
    bin/lxctl image export bench-debian "$directory/bench-debian" >/dev/null
  fi
  bin/lxctl storage create plain dir >/dev/null
  bin/lxctl storage create second overlay >/dev/null
  pools=("lxctl-overlay=$directory/unix.socket,,default,second" "lxctl-dir=$directory/unix.socket,,plain,")
  # In a file of its own, as LXD's.
  if command -v mkfs.btrfs >/dev/null && bin/lxctl storage create trees btrfs size=20GiB >/dev/null; then
    pools+=("lxctl-btrfs=$directory/unix.socket,,trees,")
  fi
fi

# answers SOCKET: whether a daemon does there.
answers() { [ -S "$1" ] && curl -fsS --unix-socket "$1" http://peer/1.0 >/dev/null 2>&1; }

# give SOCKET FILE ALIAS: gives a daemon an image; it is taken away again at the end.
undo=()
give() {
  local socket=$1 file=$2 alias=$3 fingerprint
  ask() { curl -fsS --unix-socket "$socket" "$@"; }
  fingerprint=$(sha256sum "$file" | cut -d ' ' -f 1)
  ask http://peer/1.0/images -H 'Content-Type: application/octet-stream' -T "$file" -X POST >/dev/null
  until ask "http://peer/1.0/images/$fingerprint" >/dev/null 2>&1; do sleep 0.2; done
  ask http://peer/1.0/images/aliases -d "{\"name\": \"$alias\", \"target\": \"$fingerprint\"}" >/dev/null
  undo+=("$socket http://peer/1.0/images/$fingerprint")
}

# peer NAME SOCKET POOL: gives the daemon the same image, and measures it too, if one answers there.
peers=()
peer() {
  local name=$1 socket=$2 pool=$3
  if ! answers "$socket"; then
    echo "No $name answers at $socket."
    return
  fi
  give "$socket" "$directory/bench.tar.gz" lxctl-bench
  if [ -e "$directory/bench-debian.tar.gz" ]; then give "$socket" "$directory/bench-debian.tar.gz" lxctl-bench-debian; fi
  peers+=("$name=$socket,lxctl-bench,$pool")
}
leave() {
  for image in "${undo[@]}"; do curl -fsS --unix-socket "${image% *}" -X DELETE "${image#* }" >/dev/null || true; done
  finish
}
trap leave EXIT
peer lxd "${LXD_SOCKET:-/var/lib/lxd/unix.socket}" "${LXD_POOL:-default}"
peer incus "${INCUS_SOCKET:-/var/lib/incus/unix.socket}" "${INCUS_POOL:-default}"

if [ "$what" = storage ]; then
  for found in "${peers[@]}"; do
    name=${found%%=*} socket=${found#*=} pool=${found##*,}
    socket=${socket%%,*}
    pools+=("$name-$pool=$socket,lxctl-,$pool,")
    if [ "$name" = lxd ] && curl -fsS --unix-socket "$socket" "http://peer/1.0/storage-pools/${LXD_DIR_POOL:-d}" >/dev/null 2>&1; then
      pools+=("lxd-${LXD_DIR_POOL:-d}=$socket,lxctl-,${LXD_DIR_POOL:-d},")
    fi
  done
  node tools/bench/storage.mjs "$rounds" "$cases" "${pools[@]}"
  exit
fi
own="lxctl=$directory/unix.socket,bench,default"
node tools/bench/life.mjs "$rounds" "$own" "${peers[@]}"
node tools/bench/files.mjs "$rounds" "$own" "${peers[@]}"
node tools/bench/command.mjs
[ -z "$many" ] || node tools/bench/many.mjs "$many" "$own"
