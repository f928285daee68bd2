#!/usr/bin/env bash
# Format, types, lint, layers, sizes, words, generated files. `npm run check -- fix` mends what can be mended by machine.
set -uo pipefail
cd "$(dirname "$0")/.."
source tools/steps.sh
[ -d node_modules ] || fail 'the npm packages are missing; run npm run setup first'
mkdir -p .cache/check
results=.cache/check/results
: >"$results"

# check NAME COMMAND...: its output is shown only when it fails.
check() {
  local name=$1 log=".cache/check/$1.log"
  shift
  if "$@" >"$log" 2>&1; then
    say "ok      $name"
    say "passed $name" >>"$results"
  else
    say "FAILED  $name"
    say "failed $name" >>"$results"
    tail -n 60 "$log"
  fi
}

words() {
  local found=0
  # Plans belong into issues, and no path of a developer's machine into the repository.
  git grep -nIE '\b(TODO|FIXME|XXX|HACK)\b|/home/[a-z]' -- . ':!package-lock.json' ':!tools/check.sh' ':!biome.json' && found=1
  # A key is read by `keyOf`, which knows its type and default.
  git grep -nE "onfig\[['\"](limits|security|boot|raw|linux|snapshots)\.[a-z._]+['\"]\]" -- libs apps/lxctld ':!*.spec.ts' && found=1
  # URLs that the server sends are built in one place; clients build those that they ask for.
  git grep -nE '`/1\.0/[^`]*\$\{' -- libs apps/lxctld ':!libs/client' ':!libs/contract/src/urls.ts' ':!*.spec.ts' ':!*/testing/*' ':!*/fake/*' && found=1
  # Nothing may be named after what it does not say.
  git ls-files | grep -E '/(utils?|helpers?|common|misc)\.(ts|cc|h)$' && found=1
  return "$found"
}

# ARCHITECTURE.md prints the table of the ranks.
ranks() {
  node -e '
    const text = require("node:fs").readFileSync("ARCHITECTURE.md", "utf8");
    const missing = Object.entries(require("./tools/ranks.json"))
      .map(([name, { rank, holds }]) => `| ${rank} | \`${name === "apps" ? "apps" : `libs/${name}`}\` | ${holds} |`)
      .filter((row) => !text.includes(row));
    if (missing.length > 0) console.log(`ARCHITECTURE.md lacks these rows of tools/ranks.json:\n${missing.join("\n")}`);
    process.exitCode = missing.length > 0 ? 1 : 0;'
}

generated() {
  rm -rf .cache/check/reference && mkdir -p .cache/check/reference
  LXCTL_BUNDLES=gen rolldown -c rolldown.config.js && node dist/gen.mjs .cache/check/reference &&
    diff -ru docs/reference .cache/check/reference && return 0
  say 'docs/reference is not what the catalogues say: run npm run gen and commit it.'
  return 1
}

if [ "${1:-}" = fix ]; then
  biome check --write --unsafe --log-level=error . || true
  bash tools/gen.sh
fi

check format biome check --max-diagnostics=30 .
check types tsc -p .
check lint oxlint --type-aware --quiet
check layers depcruise --config .dependency-cruiser.cjs --output-type err-long apps libs migrations tools e2e
check ranks ranks
check words words
check generated generated

! grep -q '^failed' "$results"
