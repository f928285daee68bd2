#!/usr/bin/env bash
# npm run soak: kills under load and many lives, for minutes. SOAK_ROUNDS (30) and SOAK_LIVES (2000) say how many.
set -euo pipefail
cd "$(dirname "$0")/.."
source tools/steps.sh
bash tools/setup.sh --test
need_root 'The soak' 'makes containers' 'npm run soak'
exec vitest run --project soak --reporter=verbose
