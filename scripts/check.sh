#!/usr/bin/env bash
# All checks that need no test to run. Goes on after one that fails; prints what each found.
set -uo pipefail
cd "$(dirname "$0")/.."

readonly BIN="$PWD/.venv/bin" TIDY=build/tidy
failed=()

# check TITLE COMMAND...: runs it; its output is shown when it fails.
check() {
  local title=$1 began=$SECONDS output
  shift
  printf '[check] %-28s ' "$title"
  if output=$("$@" 2>&1); then
    printf 'ok      %3d s  %s\n' $((SECONDS - began)) "$(tail -n 1 <<<"$output" | cut -c1-70)"
  else
    printf 'FAILED  %3d s\n%s\n' $((SECONDS - began)) "$output"
    failed+=("$title")
  fi
}

cpp_format() {
  find src benchmarks tests/fuzz \( -name '*.cc' -o -name '*.h' -o -name '*.c' \) -print0 |
    xargs -0 -r clang-format --dry-run -Werror
}

web_types() {
  scripts/npm_install.sh web && (cd web && node_modules/.bin/tsc --noEmit)
}

cpp_tidy() {
  cmake -S . -B "$TIDY" -G Ninja -DSTIRBAR_TESTS=ON -DPython_EXECUTABLE="$BIN/python" >"$TIDY.log" 2>&1 ||
    { cat "$TIDY.log"; return 1; }
  "$BIN/python" scripts/run_clang_tidy.py "$TIDY"
}

generated_docs() {
  local generator=scripts/configuration_doc.py
  if [ ! -e "$generator" ]; then
    echo "nothing is generated yet"
    return
  fi
  "$BIN/python" "$generator" | diff -u docs/configuration.md - ||
    { echo "docs/configuration.md is stale: $generator > docs/configuration.md"; return 1; }
}

mkdir -p build
check "C++ format (clang-format)" cpp_format
check "include rule" "$BIN/python" scripts/check_includes.py
check "Python lint (ruff)" "$BIN/ruff" check .
check "Python format (ruff)" "$BIN/ruff" format --check .
check "Python types (mypy)" "$BIN/mypy" --strict python/stirbar
check "web types (tsc)" web_types
check "network addresses" "$BIN/python" scripts/check_no_addresses.py
check "generated docs" generated_docs
check "C++ lint (clang-tidy)" cpp_tidy

if [ ${#failed[@]} -gt 0 ]; then
  printf '[check] %d failed:' ${#failed[@]}
  printf ' %s;' "${failed[@]}"
  printf '\n'
  exit 1
fi
echo "[check] all is well"
