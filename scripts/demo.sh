#!/usr/bin/env bash
# The demo: a shop that misbehaves on request, under gunicorn, under `stirbar run`, with light
# traffic. Needs what `make build` leaves in .venv. Ctrl-C ends everything, within 5 s.
#
#   APP_PORT=8000                    where the shop listens (the next free port when taken)
#   STIRBAR_LISTEN=127.0.0.1:8800    where Stirbar's page listens (the same)
#   WORKERS=2  RATE=8                gunicorn workers; requests per second of the traffic
set -euo pipefail
cd "$(dirname "$0")/.."

readonly ROOT="$PWD" BIN="$PWD/.venv/bin"
readonly WAIT_SECONDS=60

say() { printf '[demo] %s\n' "$*"; }
fail() {
  printf '[demo] error: %s\n' "$*" >&2
  exit 1
}

for program in stirbar gunicorn python; do
  [ -x "$BIN/$program" ] || fail ".venv/bin/$program is missing: run 'make demo', which builds it first"
done

# The first port from $2 on that is free on address $1.
free_port() {
  "$BIN/python" - "$1" "$2" <<'PY'
import socket, sys
host, wanted = sys.argv[1], int(sys.argv[2])
family = socket.AF_INET6 if ":" in host else socket.AF_INET
for port in range(wanted, min(wanted + 100, 65536)):
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            if port == wanted:
                print(f"[demo] port {port} of {host} is taken ({error.strerror})", file=sys.stderr)
            continue
        print(port)
        sys.exit()
sys.exit(f"[demo] error: no free port of {host} from {wanted} on")
PY
}

stirbar_host=${STIRBAR_LISTEN:-127.0.0.1:8800}
stirbar_port=${stirbar_host##*:}
stirbar_host=${stirbar_host%:*}
stirbar_port=$(free_port "$(tr -d '[]' <<<"$stirbar_host")" "$stirbar_port")
app_port=$(free_port 127.0.0.1 "${APP_PORT:-8000}")
if [ "$app_port" = "$stirbar_port" ]; then app_port=$(free_port 127.0.0.1 $((app_port + 1))); fi

export STIRBAR_LISTEN="$stirbar_host:$stirbar_port"
readonly APP_URL="http://127.0.0.1:$app_port/" PAGE_URL="http://$STIRBAR_LISTEN/"

# What the demo writes goes here and goes away with it. The folder's name, in the environment of the
# servers and all that they start, is also how the last of them is found.
DATA=$(mktemp -d "${TMPDIR:-/tmp}/stirbar-demo.XXXXXX")
readonly DATA LOG="$DATA/server.log" MARK="STIRBAR_DEMO_DATA=$DATA"

server='' traffic=''

# Process ids of everything that the demo started and that still runs.
ours() {
  grep -lszFx "$MARK" /proc/[0-9]*/environ 2>/dev/null | cut -d/ -f3 || true
}

# Waits until all of it is gone, at most $1 tenths of a second.
gone_within() {
  local tenth
  for ((tenth = 0; tenth < $1; tenth++)); do
    [ -n "$(ours)" ] || return 0
    sleep 0.1
  done
  [ -z "$(ours)" ]
}

finish() {
  local status=$? pid
  trap '' INT TERM
  trap - EXIT
  if [ -n "$server" ]; then
    say "stopping"
    kill -TERM $server $traffic 2>/dev/null || true
    if ! gone_within 20; then
      # A worker that hangs keeps gunicorn waiting. Without the server, stirbar ends by itself.
      for pid in $(ours); do
        [ "$(cat "/proc/$pid/comm" 2>/dev/null)" = stirbar ] || kill -KILL "$pid" 2>/dev/null || true
      done
      if ! gone_within 15; then
        for pid in $(ours); do kill -KILL "$pid" 2>/dev/null || true; done
        gone_within 5 || say "could not end: $(ours | tr '\n' ' ')"
      fi
    fi
    wait 2>/dev/null || true
  fi
  rm -rf "$DATA"
  if [ -n "$server" ]; then say "all stopped"; fi
  exit "$status"
}
trap finish EXIT
trap 'exit 0' INT TERM

export DATABASE_URL="sqlite:///$DATA/shop.db"

say "starting the shop on port $app_port and Stirbar on port $stirbar_port"
# A session of its own: Ctrl-C reaches this script only, which then ends everything in order.
cd examples
env "$MARK" setsid "$BIN/stirbar" run --name shop -- \
  "$BIN/gunicorn" -w "${WORKERS:-2}" -b "127.0.0.1:$app_port" misbehaving_app:app \
  >"$LOG" 2>&1 </dev/null &
server=$!
cd "$ROOT"

answers() {
  "$BIN/python" - "$1" <<'PY'
import http.client, sys, urllib.error, urllib.request
try:
    urllib.request.urlopen(sys.argv[1], timeout=2).close()
except urllib.error.HTTPError:
    pass
except (OSError, http.client.HTTPException):
    sys.exit(1)
PY
}

wait_for() {
  local name=$1 url=$2 began=$SECONDS
  until answers "$url"; do
    kill -0 "$server" 2>/dev/null || fail_with_log "it ended before $name answered"
    [ $((SECONDS - began)) -lt "$WAIT_SECONDS" ] || fail_with_log "$name did not answer within $WAIT_SECONDS s"
    say "waiting for $name ($((SECONDS - began)) s)"
    sleep 0.5
  done
}

fail_with_log() {
  say "what it printed last:"
  tail -n 25 "$LOG" >&2
  fail "$1"
}

wait_for "the shop" "${APP_URL}ping"
wait_for "Stirbar" "$PAGE_URL"

env "$MARK" setsid "$BIN/python" examples/demo_traffic.py "$APP_URL" --rate "${RATE:-8}" \
  >>"$LOG" 2>&1 </dev/null &
traffic=$!

cat <<TEXT

  The shop         $APP_URL
  Its troubles     ${APP_URL}trouble
  Stirbar          $PAGE_URL

  What to try, with Stirbar's page open beside the shop's:
    1. Hold the interpreter lock   the worker shows as hung within a second, with route and age
    2. Hang a request              it stands under requests in flight and grows older
    3. Leak memory                 the worker's memory steps up and stays up
    4. Flood itself                throughput and accept queue climb
    5. Kill the worker             its request is counted as lost, a new worker takes the slot
  In another terminal:  .venv/bin/stirbar top      .venv/bin/stirbar status --json
  The server's output:  tail -f $LOG

  Ctrl-C ends everything.

TEXT

if [ -n "${DISPLAY:-}${WAYLAND_DISPLAY:-}" ] && command -v xdg-open >/dev/null; then
  xdg-open "$PAGE_URL" >/dev/null 2>&1 || true
  xdg-open "${APP_URL}trouble" >/dev/null 2>&1 || true
fi

# `wait` returns on a signal, so that Ctrl-C is answered at once.
wait "$server" || true
fail_with_log "the server ended by itself"
