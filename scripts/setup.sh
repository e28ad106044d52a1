#!/usr/bin/env bash
# Installs what Stirbar's commands need: Debian packages, .venv with PyPI packages. Only what is
# missing, so it is quick and quiet when run again.
#
#   scripts/setup.sh [build] [test] [check] [bench] [demo]     (no argument: build)
#
#   PYTHON=/path/to/python3   the interpreter of .venv (default: python3 of the PATH if it is 3.10 or
#                             newer and can make extensions, else Debian's /usr/bin/python3)
set -euo pipefail
cd "$(dirname "$0")/.."

readonly OLDEST_PYTHON="3.10" OLDEST_NODE=18 OLDEST_PIP="22.3"
readonly VENV="$PWD/.venv"

say() { printf '[setup] %s\n' "$*"; }
fail() {
  printf '[setup] error: %s\n' "$*" >&2
  exit 1
}

# --- what each group needs ----------------------------------------------------------------------
# A word is a Debian package, or command=package where any provider of the command will do.
# mariadb-server-core brings no service that would start; its mariadb-install-db needs client-core.
declare -A DEBIAN=(
  [build]="g++=g++ cmake=cmake ninja=ninja-build make=make pkg-config=pkg-config git=git ccache=ccache
           libboost1.81-dev libboost-json1.81-dev libspdlog-dev libfmt-dev libcli11-dev libtomlplusplus-dev
           libmariadb-dev libsqlite3-dev libcurl4-openssl-dev"
  [test]="libgtest-dev libgmock-dev chromium=chromium wrk=wrk ab=apache2-utils valgrind=valgrind redis-server=redis-server
          mariadb-server-core mariadb-client-core libmariadb3 openssl=openssl
          gcc=gcc libc6-dev clang-14=clang-14 libclang-rt-14-dev"
  [check]="clang-format=clang-format clang-tidy=clang-tidy"
  [bench]="valgrind=valgrind"
  [demo]=""
)
readonly PYTHON_GROUPS=" build test check demo "

groups=("$@")
[ $# -gt 0 ] || groups=(build)
for group in "${groups[@]}"; do
  [ -n "${DEBIAN[$group]+known}" ] || fail "unknown group '$group'; known: build test check bench demo"
done

# --- Python -------------------------------------------------------------------------------------
# Succeeds when $1 is new enough, can make a virtual environment, and has headers to build against.
python_serves() {
  "$1" - "$OLDEST_PYTHON" 2>/dev/null <<'PY'
import os, sys, sysconfig
import ensurepip, venv
oldest = tuple(int(part) for part in sys.argv[1].split("."))
header = os.path.join(sysconfig.get_path("include"), "Python.h")
sys.exit(0 if sys.version_info[:2] >= oldest and os.path.exists(header) else 1)
PY
}

packages=()
python=${PYTHON:-python3}
if ! python_serves "$python"; then
  [ -z "${PYTHON:-}" ] || fail "PYTHON=$PYTHON is not Python $OLDEST_PYTHON or newer with venv and headers"
  python=/usr/bin/python3
  python_serves "$python" || packages+=(python3 python3-venv python3-dev)
fi

# --- Debian packages ----------------------------------------------------------------------------
installed() { [ "$(dpkg-query -W -f='${db:Status-Status}' "$1" 2>/dev/null)" = installed ]; }

node_serves() {
  command -v npm >/dev/null && command -v node >/dev/null &&
    [ "$(node -p 'parseInt(process.versions.node)' 2>/dev/null || echo 0)" -ge "$OLDEST_NODE" ]
}

for group in "${groups[@]}"; do
  for word in ${DEBIAN[$group]}; do
    package=${word#*=}
    if [ "$package" != "$word" ] && command -v "${word%%=*}" >/dev/null; then continue; fi
    if command -v dpkg-query >/dev/null && installed "$package"; then continue; fi
    packages+=("$package")
  done
  if [ "$group" = build ] && ! node_serves; then packages+=(nodejs npm); fi
done

if [ ${#packages[@]} -gt 0 ]; then
  list=$(printf '%s\n' "${packages[@]}" | sort -u | tr '\n' ' ')
  command -v apt-get >/dev/null ||
    fail "these are missing, and there is no apt-get to install them with (names are Debian 12's): $list"
  as_root=()
  if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null ||
      fail "these Debian packages are missing; as root run: apt-get install --no-install-recommends $list"
    as_root=(sudo)
  fi
  say "Debian packages to install: $list"
  say "apt-get update"
  "${as_root[@]}" apt-get update -qq
  # shellcheck disable=SC2086  # the list is words
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends $list
  python_serves "$python" || fail "$python still lacks venv or headers"
  if [[ " ${groups[*]} " == *" build "* ]] && ! node_serves; then
    fail "node $OLDEST_NODE or newer with npm is needed to build the web page; found: $(node --version 2>&1 || true)"
  fi
else
  say "Debian packages for ${groups[*]}: nothing to install"
fi

# --- .venv and PyPI packages --------------------------------------------------------------------
needs_venv=
for group in "${groups[@]}"; do
  [[ "$PYTHON_GROUPS" != *" $group "* ]] || needs_venv=1
done
[ -n "$needs_venv" ] || exit 0

if [ -d "$VENV" ] && ! "$VENV/bin/python" -c 'import pip' 2>/dev/null; then
  say ".venv does not work any more (its Python is gone?): making it anew"
  rm -rf "$VENV"
fi
if [ ! -d "$VENV" ]; then
  say "making .venv with $("$python" --version) ($(command -v "$python"))"
  "$python" -m venv "$VENV"
fi
version_at_least() { [ "$(printf '%s\n%s\n' "$2" "$1" | sort -V | head -n 1)" = "$2" ]; }
if ! version_at_least "$("$VENV/bin/python" -c 'import pip; print(pip.__version__)')" "$OLDEST_PIP"; then
  say "pip is older than $OLDEST_PIP: upgrading it"
  "$VENV/bin/python" -m pip install --quiet --upgrade pip
fi

for group in "${groups[@]}"; do
  [[ "$PYTHON_GROUPS" == *" $group "* ]] || continue
  requirements="requirements/$group.txt"
  stamp="$VENV/.stirbar-$group"
  hash=$(sha256sum "$requirements" | cut -d' ' -f1)
  if [ "$(cat "$stamp" 2>/dev/null || true)" = "$hash" ]; then
    say "PyPI packages for $group: nothing to install"
    continue
  fi
  names=$(sed -e 's/#.*//' "$requirements" | xargs)
  say "PyPI packages for $group: $names"
  if [ "$group" = test ]; then say "(uWSGI is compiled: about a minute)"; fi
  "$VENV/bin/python" -m pip install --disable-pip-version-check --requirement "$requirements"
  printf '%s\n' "$hash" >"$stamp"
done
say "ready: ${groups[*]}"
