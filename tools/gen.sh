#!/usr/bin/env bash
# Writes docs/reference/ from the catalogues in libs/contract.
set -euo pipefail
cd "$(dirname "$0")/.."
source tools/steps.sh
mkdir -p .cache
LXCTL_BUNDLES=gen rolldown -c rolldown.config.js >.cache/gen.log 2>&1 || fail "the generator did not build (see .cache/gen.log)"
node dist/gen.mjs docs/reference
