#!/usr/bin/env bash
# Builds the package and installs it into .venv, showing the compiler's progress. The build folder
# stays (build/cp…), so that a small change builds quickly. `make build` calls it when needed.
set -euo pipefail
cd "$(dirname "$0")/.."

readonly LOG=build/install.log
mkdir -p build
if command -v ccache >/dev/null; then
  export CMAKE_C_COMPILER_LAUNCHER=ccache CMAKE_CXX_COMPILER_LAUNCHER=ccache
fi

echo "[install] building and installing stirbar (all output: $LOG)"
began=$SECONDS
# Of pip's output only the steps of the build are of interest while it works.
if ! .venv/bin/python -m pip install --disable-pip-version-check --no-build-isolation --verbose . 2>&1 |
  tee "$LOG" | { grep --line-buffered -E '^ *(\[[0-9]+/[0-9]+\]|web: |\*\*\* [A-Z])' || true; }; then
  echo "[install] failed ($LOG has all of it):" >&2
  # The compiler's words when it has any, else the end of what pip said.
  grep -E -A 3 '(error|Error):' "$LOG" | grep -v 'error: subprocess-exited' | head -n 40 >&2 ||
    tail -n 40 "$LOG" >&2
  exit 1
fi
echo "[install] done in $((SECONDS - began)) s"
