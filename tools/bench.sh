#!/usr/bin/env bash
# npm run bench [ROUNDS]: times an instance's whole life on a daemon of its own, beside LXD where one runs.
# LXD is found at $LXD_SOCKET (default /var/lib/lxd/unix.socket); it gets the same image, in its pool $LXD_POOL (default).
set -euo pipefail
cd "$(dirname "$0")/.."
# Node 20 reads the whole bundle at every start: 40 ms that have nothing to do with us.
unset NODE_EXTRA_CA_CERTS
rounds=${1:-10}
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

peers=()
socket=${LXD_SOCKET:-/var/lib/lxd/unix.socket}
lxd() { curl -fsS --unix-socket "$socket" "$@"; }
if [ -S "$socket" ] && lxd http://lxd/1.0 >/dev/null 2>&1; then
  fingerprint=$(sha256sum "$directory/bench.tar.gz" | cut -d ' ' -f 1)
  lxd http://lxd/1.0/images -H 'Content-Type: application/octet-stream' --data-binary "@$directory/bench.tar.gz" >/dev/null
  until lxd "http://lxd/1.0/images/$fingerprint" >/dev/null 2>&1; do sleep 0.2; done
  lxd http://lxd/1.0/images/aliases -d "{\"name\": \"lxctl-bench\", \"target\": \"$fingerprint\"}" >/dev/null
  trap 'lxd -X DELETE "http://lxd/1.0/images/$fingerprint" >/dev/null || true; finish' EXIT
  peers+=("lxd=$socket,lxctl-bench,${LXD_POOL:-default}")
else
  echo "No LXD answers at $socket: our figures alone."
fi
node tools/bench/life.mjs "$rounds" "lxctl=$directory/unix.socket,bench,default" "${peers[@]}"
node tools/bench/command.mjs
