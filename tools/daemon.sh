#!/usr/bin/env bash
# Runs the daemon in the foreground, on $LXCTL_DIR (default /var/lib/lxctl).
set -euo pipefail
cd "$(dirname "$0")/.."
source tools/steps.sh
bash tools/setup.sh
need_root 'The daemon' 'mounts file systems and makes network links' 'npm run daemon'
exec bin/lxctld
