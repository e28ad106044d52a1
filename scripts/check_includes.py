"""Checks the include rule: who may include whom follows the flow of the data.

base < segment < probe; base < segment < supervisor.h < the four stages < cli and the loop. Probe
and supervisor never include each other, and the four stages never include each other.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SRC = ROOT / "src"
STAGES = ("collect", "evaluate", "mitigate", "publish")
MODEL = "supervisor/supervisor.h"
# Included by it, not by others.
MODEL_PARTS = (
    "supervisor/alert_samples.h",
    "supervisor/database_samples.h",
    "supervisor/evaluation.h",
    "supervisor/frame_sample.h",
    "supervisor/rule_samples.h",
    "supervisor/sample.h",
)
# What several stages speak of, without the rest of the model.
SHARED = ("supervisor/metric_table.h", "supervisor/records.h", "supervisor/config_file.h")
INCLUDE = re.compile(r'^\s*#\s*include\s*"([^"]+)"')


def allowed(source: str) -> tuple[str, ...]:
    """What `source` (a path under src/) may include: folders, ending in '/', and files."""
    room, _, rest = source.partition("/")
    if room == "base":
        return ("base/",)
    if room == "segment":
        return ("base/", "segment/")
    if room == "probe":
        return ("base/", "segment/", "probe/")
    if room == "supervisor":
        stage = rest.partition("/")[0]
        if stage in STAGES:
            return ("base/", "segment/", MODEL, *SHARED, f"supervisor/{stage}/")
        if source == MODEL or source in MODEL_PARTS:
            return ("base/", "segment/", *MODEL_PARTS, *SHARED)
        return ("base/", "segment/", "supervisor/")
    return ()


def resolve(source: Path, included: str) -> str | None:
    """The included file as a path under src/; None when it is none of ours."""
    for folder in (source.parent, SRC):
        target = (folder / included).resolve()
        if target.is_file() and target.is_relative_to(SRC):
            return target.relative_to(SRC).as_posix()
    # A generated header is named as its source would be.
    return (
        included
        if included.partition("/")[0] in ("base", "segment", "probe", "supervisor")
        else None
    )


def faults(source: Path) -> list[str]:
    name = source.relative_to(SRC).as_posix()
    may = allowed(name)
    found = []
    for number, line in enumerate(source.read_text(errors="replace").splitlines(), 1):
        if not (match := INCLUDE.match(line)) or not (target := resolve(source, match[1])):
            continue
        if not any(target.startswith(m) if m.endswith("/") else target == m for m in may):
            found.append(f"src/{name}:{number}: includes {target}; it may include {', '.join(may)}")
    return found


def main() -> int:
    sources = [p for p in sorted(SRC.rglob("*")) if p.suffix in (".h", ".cc", ".c", ".S", ".inc")]
    found = [fault for source in sources for fault in faults(source)]
    for fault in found:
        print(fault)
    print(f"{len(sources)} files, {len(found)} faults")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
