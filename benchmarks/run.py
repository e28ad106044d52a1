"""Runs the benchmarks and shows their figures as one table.

    .venv/bin/python benchmarks/run.py [--only NAME ...] [--quick]

Under 15 minutes on two cores. Also writes results/latest.json and results/latest.md; the README
quotes the latter between `<!-- benchmarks: begin -->` and `end`, which --readme renews.
"""

from __future__ import annotations

import argparse
import json
import platform
import re
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict
from datetime import datetime, timezone
from pathlib import Path

import figure
from figure import Figure

BENCHMARKS = Path(__file__).resolve().parent
RESULTS = BENCHMARKS / "results"
README = BENCHMARKS.parent / "README.md"
PROGRAMS = {
    "request_cost": "B1, B2",
    "health_under_hang": "B3",
    "stack_of_a_hang": "B4",
    "goodput": "B5",
    "load_step": "B5",
    "pool_fairness": "B6",
    "pool_checkout": "B7",
    "supervisor_cost": "B10, B14",
    "scrape_after_restarts": "B11",
    "history_store": "B12",
    "page_weight": "B14",
    "growth": "B15",
}


def run(name: str, *, quick: bool) -> list[Figure] | None:
    """The figures of one program, run in a process of its own; None when it failed."""
    with tempfile.TemporaryDirectory() as folder:
        output = Path(folder, "figures.json")
        command = [sys.executable, str(BENCHMARKS / f"{name}.py"), "--json", str(output)]
        began = time.monotonic()
        print(f"[bench] {name} ({PROGRAMS[name]}) ...", flush=True)
        status = subprocess.run(
            [*command, *["--quick"] * quick], stdout=subprocess.DEVNULL
        ).returncode
        print(f"[bench] {name}: {time.monotonic() - began:.0f} s", flush=True)
        if status != 0 or not output.exists():
            return None
        return [Figure(**row) for row in json.loads(output.read_text())]


def machine() -> str:
    model = re.search(r"^model name\s*: (.*)", Path("/proc/cpuinfo").read_text(), re.M)
    cpus = len(re.findall(r"^processor", Path("/proc/cpuinfo").read_text(), re.M))
    return (
        f"{cpus} x {model[1] if model else platform.machine()}, Linux {platform.release()}, "
        f"CPython {platform.python_version()}"
    )


def write(figures: list[Figure], minutes: float) -> None:
    RESULTS.mkdir(exist_ok=True)
    when = datetime.now(timezone.utc).strftime("%Y-%m-%d %H:%M UTC")
    document = {
        "time": when,
        "machine": machine(),
        "minutes": round(minutes, 1),
        "figures": [{**asdict(row), "reached": row.reached} for row in figures],
    }
    text = json.dumps(document, indent=1).replace("NaN", "null")
    (RESULTS / "latest.json").write_text(text + "\n")
    (RESULTS / "latest.md").write_text(
        f"{figure.markdown_table(figures)}\n\nMeasured {when} on {machine()}, "
        f"by `make bench` in {minutes:.0f} minutes.\n"
    )


def renew_readme() -> None:
    table = (RESULTS / "latest.md").read_text()
    text, found = re.subn(
        r"(<!-- benchmarks: begin -->\n).*?(<!-- benchmarks: end -->)",
        lambda match: match[1] + table + match[2],
        README.read_text(),
        flags=re.S,
    )
    if not found:
        sys.exit("README.md has no <!-- benchmarks: begin --> ... <!-- benchmarks: end -->")
    README.write_text(text)


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", action="append", choices=PROGRAMS, metavar="NAME")
    parser.add_argument("--quick", action="store_true", help="less of everything: to try it out")
    parser.add_argument("--readme", action="store_true", help="put the table into README.md")
    options = parser.parse_args()
    began = time.monotonic()
    figures: list[Figure] = []
    failed = []
    for name in options.only or PROGRAMS:
        rows = run(name, quick=options.quick)
        if rows is None:
            failed.append(name)
        figures += rows or []
    print(f"\n{figure.text_table(figures)}\n")
    if not options.only and not options.quick and not failed:
        write(figures, (time.monotonic() - began) / 60)
        if options.readme:
            renew_readme()
    missed = [f"{row.name} {row.what}" for row in figures if row.reached == "no"]
    for row in missed:
        print(f"[bench] over its limit: {row}")
    for name in failed:
        print(f"[bench] failed: {name}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
