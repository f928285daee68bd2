# What the scripts in this folder share. Sourced, from the root of the checkout.

export PATH="$PWD/node_modules/.bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:$PATH"
# Node 20 reads the whole bundle of certificates at every start; nothing here but npm needs it.
extra_certificates="${NODE_EXTRA_CA_CERTS:-}"
unset NODE_EXTRA_CA_CERTS

say() { printf '%s\n' "$*"; }
fail() {
  printf 'lxctl: %s\n' "$*" >&2
  exit 1
}

# The hash of files' names and contents: of the folders and files named, without specs.
hash_of() {
  { find "$@" -type f ! -name '*.spec.ts' ! -path '*/build/*' -print0 2>/dev/null || true; } | LC_ALL=C sort -z | xargs -0 -r sha256sum | sha256sum | cut -d' ' -f1
}

# up_to_date STAMP HASH: whether what the stamp file says is still true.
up_to_date() { [ -f "$1" ] && [ "$(cat "$1")" = "$2" ]; }

need_root() {
  [ "$(id -u)" = 0 ] || fail "$1 needs root, because it $2. Run it as root: sudo $3"
}
