#!/bin/sh
# Builds the page into web/dist. Safe to repeat; installs the tools only when they are missing or changed.
set -eu
cd "$(dirname "$0")"

# npm writes this file at the end of each install: as old as the installed packages are.
installed=node_modules/.package-lock.json
if [ ! -f "$installed" ] || [ -n "$(find package-lock.json -newer "$installed")" ]; then
  echo "web: installing the build tools (npm ci)"
  npm ci --no-audit --no-fund --loglevel=error
  touch "$installed"
fi
echo "web: checking types (tsc)"
node_modules/.bin/tsc --noEmit
echo "web: building (vite)"
node_modules/.bin/vite build --logLevel warn
echo "web: built $(find dist -type f | wc -l) files, $(find dist -type f -exec cat {} + | wc -c) bytes, in web/dist"
