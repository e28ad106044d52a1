"""Prints docs/configuration.md, made from the table in src/base/settings.h."""

from __future__ import annotations

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TABLE = ROOT / "src/base/settings.h"

ROW = re.compile(
    r"X\((?P<name>\w+), k(?P<type>\w+), (?P<default>-?[\d.]+), (?P<low>-?[\d.]+), (?P<high>[\d.]+),"
    r'(?P<meaning>(?:[\s\\]*"[^"]*")+)\s*\)'
)

# Values that have names, by type.
WORDS = {"switch": ("off", "on"), "mode": ("off", "observe", "on")}

HEAD = """# Configuration

<!-- Made from src/base/settings.h by scripts/configuration_doc.py; do not edit. -->

Each setting has one name everywhere:

| where | how | strength |
|---|---|---|
| default | the table below | weakest |
| application | `Stirbar(app, config=ResponsivenessConfig(memory_warning_threshold=0.7))`, or \
`app.config["STIRBAR_MEMORY_WARNING_THRESHOLD"] = 0.7` (the config object wins) | |
| environment | `STIRBAR_MEMORY_WARNING_THRESHOLD=0.7` | strongest |

A value that is not allowed is refused when the application starts, with its name, the value and
what is allowed: `stirbar run` exits with status 2, `Stirbar(app)` raises `ValueError`. A warning
threshold must not exceed the critical one of the same name. What holds, and where it comes from,
is on the page *Settings* and under `settings` of `GET /api/v1/snapshot`.

## Settings

Ratios are 0 to 1, times are seconds. A mode is `off`, `observe` (says what it would do) or
`on`.

| setting | type | default | allowed | meaning |
|---|---|---|---|---|
"""

TAIL = """
## Other environment variables

| variable | meaning |
|---|---|
| `STIRBAR_LISTEN` | `HOST:PORT` of the supervisor's pages, as `--listen`. Default: the first free \
port from 127.0.0.1:8800 to 8819 |
| `STIRBAR_CONFIG` | path of stirbar.toml, as `--config`. Default: the one in the working folder |
| `STIRBAR_HISTORY` | file of the history, or a folder for it; `off` or empty: none, as `--history`. \
Default: `history/NAME.sqlite` in the state folder (see the token's) |
| `STIRBAR_READER_TOKEN_FILE` | file of the reader's token. Default: `reader-token` beside the next |
| `STIRBAR_TOKEN_FILE` | file of the operator's token, which every change and every address other \
than loopback asks for. Default: `stirbar/token` in `$XDG_STATE_HOME`, else in `~/.local/state`, else in `/var/lib` |
| `STIRBAR_DATABASE_URLS` | MySQL and MariaDB servers to ask for their figures: see \
[connections.md](connections.md) |
| `STIRBAR_DATABASE_PASSWORD_FILE` | file whose first line is the password of those URLs that have \
none |
| `STIRBAR_RUNTIME_DIR` | folder of the segments, 0700. Default: `/dev/shm/stirbar-UID` |
| `STIRBAR_SEGMENT` | path of one segment; `stirbar run` sets it for the server |
| `STIRBAR_PACKAGE` | folder of the Python package, where `stirbar run` cannot find it |
| `STIRBAR_DISABLED` | `1`: the application runs as if Stirbar were not there |
"""


def table() -> list[str]:
    """The rows of the table, in its order."""
    text = TABLE.read_text(encoding="utf-8")
    body = text[text.index("#define STIRBAR_SETTINGS(X)") : text.index("// clang-format on")]
    rows = []
    for match in ROW.finditer(body):
        kind = match["type"].lower()
        meaning = "".join(re.findall(r'"([^"]*)"', match["meaning"])).strip()
        words = WORDS.get(kind)
        default = words[int(match["default"])] if words else match["default"]
        allowed = ", ".join(words) if words else f"{match['low']} to {match['high']}"
        rows.append(f"| `{match['name']}` | {kind} | {default} | {allowed} | {meaning} |")
    if len(rows) != body.count("X("):
        raise SystemExit(f"{TABLE}: {len(rows)} rows read of {body.count('X(') - 1}")
    return rows


if __name__ == "__main__":
    sys.stdout.write(HEAD + "\n".join(table()) + "\n" + TAIL)
