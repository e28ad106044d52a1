"""Prints docs/configuration.md, made from the table in src/base/settings.h."""

from __future__ import annotations

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TABLE = ROOT / "src/base/settings.h"
EFFECTS = ROOT / "src/base/settings.cc"

ROW = re.compile(
    r"X\((?P<name>\w+), k(?P<type>\w+), (?P<default>-?[\d.]+), (?P<low>-?[\d.]+), (?P<high>[\d.]+),"
    r'(?P<meaning>(?:[\s\\]*"[^"]*")+)\s*\)'
)

EFFECT = re.compile(r"\{SettingId::(\w+), SettingEffect::k(\w+)\}")
EFFECT_WORDS = {"NextRequest": "at the next request", "EngineMade": "when an engine is made"}

# Values that have names, by type.
WORDS = {"switch": ("off", "on"), "mode": ("off", "observe", "on")}

HEAD = """# Configuration

<!-- Made from src/base/settings.h by scripts/configuration_doc.py; do not edit. -->

Each setting has one name everywhere, and five places that may say its value. The strongest one that
says something holds; the others are remembered, and hold again when it says nothing any more.

| where | how | strength |
|---|---|---|
| default | the table below | weakest |
| application | `Stirbar(app, config=ResponsivenessConfig(memory_warning_threshold=0.7))`, or \
`app.config["STIRBAR_MEMORY_WARNING_THRESHOLD"] = 0.7` (the config object wins) | |
| file | `memory_warning_threshold = 0.7` under `[settings]` of stirbar.toml | |
| environment | `STIRBAR_MEMORY_WARNING_THRESHOLD=0.7` | |
| run time | the page *Settings*, `stirbar config set memory_warning_threshold=0.7`, or `POST \
/api/v1/settings` | strongest |

A value that is not allowed is refused with the same sentence everywhere: its name, the value and
what is allowed. At the start `stirbar run` exits with status 2 (of the file it tells line and \
column,
too), and `Stirbar(app)` raises `ValueError`; at run time nothing changes. A warning threshold \
must not
exceed the critical one of the same name. Should the application and something stronger \
contradict each
other in that, the weaker value is not obeyed, and the log, the page and `stirbar config explain` \
say so.

## At run time

* A change is obeyed by all workers within a second, without a restart; a few settings are read only
  when a request begins or an engine is made: see the column *takes effect*.
* It needs the operator's token ([operating.md](operating.md)); the command line finds it by itself.
* It outlives the supervisor and the app: it is kept in `stirbar/settings-APP.json` (0600) of the
  state folder (`$XDG_STATE_HOME`, else `~/.local/state`, else `/var/lib`). APP is the name of
  `stirbar run --name`, else of its folder; with `Stirbar(app)` alone that of its segment. Where \
that
  cannot be written, the change holds until the supervisor ends, and the answer says so.
* Every change has a number, is logged with who asked for it, and can be taken back as long as it is
  among the newest 200. A refused change is logged, too.

| command | what it does |
|---|---|
| `stirbar config get [NAME]` | what holds, and where it comes from |
| `stirbar config set NAME=VALUE ... [--dry-run]` | all of them or none |
| `stirbar config reset NAME ...` | back to what environment, file or application say |
| `stirbar config explain NAME` | what each place says, which one holds, when a change takes \
effect |
| `stirbar config history` | what was changed, when and by whom |
| `stirbar config revert NUMBER` | takes one change back |
| `stirbar config check [FILE]` | checks stirbar.toml and the environment; starts nothing |

## stirbar.toml

Read once at the start, from `--config`, `$STIRBAR_CONFIG`, or the working folder.

```toml
[settings]
memory_warning_threshold = 0.7
cleanup_enabled = false
admission = "observe"
```

## Settings

Ratios are 0 to 1, times are seconds. A mode is `off`, `observe` (says what it would do) or `on`; a
switch is `off` or `on` (also `true`, `false`, `yes`, `no`, 1, 0). What takes effect *at once* is \
obeyed
within a second.

| setting | type | default | allowed | takes effect | meaning |
|---|---|---|---|---|---|
"""

TAIL = """
## Other environment variables

They are texts, are read when the program starts, and cannot be changed while it runs.

| variable | meaning |
|---|---|
| `STIRBAR_LISTEN` | `HOST:PORT` of the supervisor's pages, as `--listen`. Default: the first free \
port from 127.0.0.1:8800 to 8819 |
| `STIRBAR_CONFIG` | path of stirbar.toml, as `--config`. Default: the one in the working folder |
| `STIRBAR_HISTORY` | file of the history, or a folder for it; `off` or empty: none, as \
`--history`. \
Default: `history/NAME.sqlite` in the state folder (see the token's) |
| `STIRBAR_READER_TOKEN_FILE` | file of the reader's token. Default: `reader-token` beside the \
next |
| `STIRBAR_TOKEN_FILE` | file of the operator's token, which every change and every address other \
than loopback asks for. Default: `stirbar/token` in `$XDG_STATE_HOME`, else in `~/.local/state`, \
else in `/var/lib` |
| `STIRBAR_DATABASE_URLS` | MySQL and MariaDB servers to ask for their figures: see \
[connections.md](connections.md) |
| `STIRBAR_DATABASE_PASSWORD_FILE` | file whose first line is the password of those URLs that have \
none |
| `STIRBAR_TRUSTED_PEERS` | addresses and networks of proxies whose headers about clients are \
believed; \
also `Stirbar(app, trusted_peers=...)`: see [requests.md](requests.md) |
| `STIRBAR_RUNTIME_DIR` | folder of the segments, 0700. Default: `/dev/shm/stirbar-UID` |
| `STIRBAR_SEGMENT` | path of one segment; `stirbar run` sets it for the server |
| `STIRBAR_PACKAGE` | folder of the Python package, where `stirbar run` cannot find it |
| `STIRBAR_DISABLED` | `1`: the application runs as if Stirbar were not there |
"""


def table() -> list[str]:
    """The rows of the table, in its order."""
    text = TABLE.read_text(encoding="utf-8")
    effects = dict(EFFECT.findall(EFFECTS.read_text(encoding="utf-8")))
    body = text[text.index("#define STIRBAR_SETTINGS(X)") : text.index("// clang-format on")]
    rows = []
    for match in ROW.finditer(body):
        kind = match["type"].lower()
        meaning = "".join(re.findall(r'"([^"]*)"', match["meaning"])).strip()
        words = WORDS.get(kind)
        default = words[int(match["default"])] if words else match["default"]
        allowed = ", ".join(words) if words else f"{match['low']} to {match['high']}"
        effect = EFFECT_WORDS[effects.pop(match["name"])] if match["name"] in effects else "at once"
        name = match["name"]
        rows.append(f"| `{name}` | {kind} | {default} | {allowed} | {effect} | {meaning} |")
    if len(rows) != body.count("X("):
        raise SystemExit(f"{TABLE}: {len(rows)} rows read of {body.count('X(') - 1}")
    if effects:
        raise SystemExit(f"{EFFECTS}: no such setting: {', '.join(effects)}")
    return rows


if __name__ == "__main__":
    sys.stdout.write(HEAD + "\n".join(table()) + "\n" + TAIL)
