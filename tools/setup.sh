#!/usr/bin/env bash
# Makes the checkout ready: Debian packages, npm packages, native code, bundles. Quick when nothing is to do.
# --test: also the packages that only the tests need.
set -euo pipefail
cd "$(dirname "$0")/.."
source tools/steps.sh

# Names of the packages in tools/packages.txt of these kinds that are not installed.
missing_packages() {
  local wanted installed
  wanted=$(awk -v kinds=" $* " '!/^#/ && NF && index(kinds, " " $2 " ") { print $1 }' tools/packages.txt | sort)
  # shellcheck disable=SC2086
  installed=$(dpkg-query -W -f '${db:Status-Abbrev} ${Package}\n' $wanted 2>/dev/null | awk '$1 == "ii" { print $2 }' | sort)
  comm -23 <(printf '%s\n' "$wanted") <(printf '%s\n' "$installed") | tr '\n' ' '
}

# No service is started by the installation, and Debian makes no database cluster of its own: lxctl starts what it needs.
without_services() {
  local policy=/usr/sbin/policy-rc.d cluster=/etc/postgresql-common/createcluster.conf policy_made='' cluster_made='' result=0
  if [ ! -e "$policy" ]; then
    trap 'rm -f /usr/sbin/policy-rc.d' EXIT
    printf '#!/bin/sh\nexit 101\n' >"$policy" && chmod 755 "$policy" && policy_made=1
  fi
  if [ ! -e "$cluster" ]; then
    mkdir -p "${cluster%/*}" && printf 'create_main_cluster = false\n' >"$cluster" && cluster_made=1
  fi
  "$@" || result=$?
  [ -z "$policy_made" ] || { rm -f "$policy" && trap - EXIT; }
  # Debian's own file takes its place again, so that the machine is left as Debian makes it.
  if [ -n "$cluster_made" ]; then
    rm -f "$cluster"
    [ ! -e "$cluster.ucf-dist" ] || mv "$cluster.ucf-dist" "$cluster"
  fi
  return "$result"
}

apt_install() {
  without_services env DEBIAN_FRONTEND=noninteractive UCF_FORCE_CONFFOLD=1 apt-get install -y -q --no-install-recommends \
    -o Dpkg::Options::=--force-confold -o Dpkg::Use-Pty=0 "$@"
}

# install_missing KINDS...: false when not all of them could be had.
install_missing() {
  local missing
  missing=$(missing_packages "$@")
  [ -n "${missing// /}" ] || return 0
  [ "$(id -u)" = 0 ] || fail "Debian packages are missing: ${missing% }. Install them as root: sudo apt-get install ${missing% }"
  say "Installing Debian packages: $missing"
  mkdir -p .cache
  [ -n "$(find /var/lib/apt/lists -name '*Packages*' -print -quit 2>/dev/null)" ] || apt-get update -q >.cache/apt.log 2>&1 || true
  # shellcheck disable=SC2086
  apt_install $missing >>.cache/apt.log 2>&1 || { apt-get update -q >>.cache/apt.log 2>&1 && apt_install $missing >>.cache/apt.log 2>&1; }
}

debian_packages() {
  local kinds=(run build)
  command -v dpkg-query >/dev/null && command -v apt-get >/dev/null ||
    fail "this is no Debian system (there is no apt-get), so the packages it needs cannot be installed; tools/packages.txt lists them with the reasons"
  install_missing "${kinds[@]}" ||
    fail "these Debian packages could not be installed: $(missing_packages "${kinds[@]}")(see .cache/apt.log). Check the network and /etc/apt/sources.list, or install them by hand"
  [ "${1:-}" != --test ] || install_missing test || say "Not to be had, so some tests will be skipped: $(missing_packages test)"
}

node_runtime() {
  command -v node >/dev/null && command -v npm >/dev/null || fail "Node.js 20.19 or later with npm is needed; install it first (Debian: apt-get install nodejs npm, or from nodejs.org)"
  node -e 'const [a, b] = process.versions.node.split(".").map(Number); process.exit((a === 20 && b >= 19) || (a === 22 && b >= 12) || a > 22 ? 0 : 1)' ||
    fail "Node.js $(node --version) is too old; 20.19 or later, or 22.12 or later, is needed"
}

# npm writes node_modules/.package-lock.json last, so it is younger than the lock it was made from.
npm_packages() {
  [ ! node_modules/.package-lock.json -nt package-lock.json ] || return 0
  say "Installing npm packages"
  mkdir -p .cache
  NODE_EXTRA_CA_CERTS="$extra_certificates" npm ci --no-audit --no-fund --loglevel=error >.cache/npm.log 2>&1 ||
    fail "npm could not install the packages (see .cache/npm.log): $(grep -m1 -E 'npm (error|ERR!)' .cache/npm.log || tail -n 1 .cache/npm.log)"
}

native_code() {
  local stamp=native/build/sources.sha256 now prefix
  now="$(hash_of native/src native/binding.gyp) $(node --version)"
  if [ -f native/build/Release/lxctl.node ] && [ -f native/build/Release/lxctl-keeper ] && [ -f native/build/Release/lxctl-confine ] && up_to_date "$stamp" "$now"; then return 0; fi
  say "Building the native code"
  # The headers that belong to this node, where they are installed; node-gyp downloads them otherwise.
  prefix=$(node -p 'require("node:path").resolve(process.execPath, "../..")')
  [ ! -f "$prefix/include/node/node.h" ] || export npm_config_nodedir="$prefix"
  mkdir -p .cache
  JOBS=max node-gyp rebuild -C native --silent ${npm_config_nodedir:+--nodedir="$npm_config_nodedir"} >.cache/native.log 2>&1 ||
    fail "the native code did not build (see .cache/native.log): $(grep -m1 -E 'error|Error' .cache/native.log || tail -n 1 .cache/native.log)"
  printf '%s' "$now" >"$stamp"
}

bundles() {
  local stamp=dist/sources.sha256 now
  now="$(hash_of apps libs migrations rolldown.config.js tools/code-cache.js package.json tsconfig.json) $(node --version)"
  if [ -f dist/lxctld.mjs ] && up_to_date "$stamp" "$now"; then return 0; fi
  say "Bundling"
  mkdir -p .cache dist
  rolldown -c rolldown.config.js >.cache/bundle.log 2>&1 || fail "the bundles did not build (see .cache/bundle.log): $(grep -m1 -iE 'error' .cache/bundle.log || true)"
  printf '%s' "$now" >"$stamp"
}

# Completion and manual pages, where shells and man(1) look for what an administrator has installed by hand.
shell_help() {
  local share=/usr/local/share stamp=.cache/shell-help.sha256 now
  [ "$(id -u)" = 0 ] || return 0
  now=$(cat dist/sources.sha256)
  if [ -f "$share/man/man1/lxctl.1" ] && up_to_date "$stamp" "$now"; then return 0; fi
  mkdir -p "$share"/bash-completion/completions "$share"/zsh/site-functions "$share"/fish/vendor_completions.d
  bin/lxctl completion bash >"$share/bash-completion/completions/lxctl"
  bin/lxctl completion zsh >"$share/zsh/site-functions/_lxctl"
  bin/lxctl completion fish >"$share/fish/vendor_completions.d/lxctl.fish"
  rm -f "$share"/man/man1/lxctl.1 "$share"/man/man1/lxctl-*.1
  bin/lxctl manpage "$share/man/man1"
  printf '%s' "$now" >"$stamp"
}

# The stock client of Incus, of the first Debian that has one: extracted, for installed it would bring that release's libraries.
incus_client() {
  local place=.cache/incus mirror key=/usr/share/keyrings/debian-archive-keyring.gpg
  [ ! -x "$place/usr/bin/incus" ] || return 0
  say "Fetching the stock client of Incus"
  rm -rf "$place" && mkdir -p .cache
  mirror=$(cat /etc/apt/sources.list /etc/apt/sources.list.d/* 2>/dev/null | grep -oE '^(deb|URIs:).*https?://[^ ]+/debian/?( |$)' | grep -oE -m1 'https?://[^ ]+' || true)
  mmdebstrap --quiet --variant=extract --include=incus-client trixie "$place" \
    "deb [signed-by=$key] ${mirror:-http://deb.debian.org/debian} trixie main" >.cache/incus.log 2>&1 ||
    { rm -rf "$place" && say "Not to be had, so its walk will be skipped: the stock client of Incus (see .cache/incus.log)"; }
}

debian_packages "${1:-}"
node_runtime
# One set-up at a time in a checkout.
mkdir -p .cache
exec 9>.cache/setup.lock
flock 9
npm_packages
native_code
bundles
shell_help
[ "${1:-}" != --test ] || [ "$(id -u)" != 0 ] || incus_client
