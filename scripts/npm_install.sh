#!/usr/bin/env bash
# Installs the npm packages of folder $1 from its lock file, when they are missing or the lock is newer.
set -euo pipefail
cd "$1"

# npm writes this file at the end of each install: as old as the installed packages are.
installed=node_modules/.package-lock.json
if [ -f "$installed" ] && [ ! package-lock.json -nt "$installed" ]; then exit 0; fi
echo "[npm] installing the packages of $1 (npm ci)"
npm ci --no-audit --no-fund --loglevel=error
touch "$installed"
