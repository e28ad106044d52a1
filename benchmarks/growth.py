"""B15: how the costs grow with workers and with routes.

Measured, at 1, 4, 16, 64 workers with 200 routes, and at 1, 20, 200, 2,000 routes with 16 workers:
instructions added to a request (B1), CPU and memory of the supervisor (B10), time and size of a
scrape after 64 restarts (B11). The workers are simulated (simulated_workers.py): processes that
attach and call the middleware as Flask would, each serving one request a second. Everything but
the instructions is at most linear when its growth is below that of workers or routes.

Unit: instructions; % of a core; MB = 1,000,000 and KB = 1,000 bytes; milliseconds.
"""

from __future__ import annotations

import functools
import statistics
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import callgrind
import figure
import processes
import scrape_after_restarts
from figure import Figure

WORKERS = (1, 4, 16, 64)
ROUTES = (1, 20, 200, 2000)
WITH_WORKERS, WITH_ROUTES = 16, 200
RESTARTS = 64
MB = 1e6
SCRIPT = "simulated_workers.py"


@dataclass(frozen=True)
class Cell:
    """The costs at one size."""

    workers: int
    routes: int
    instructions: float
    cpu_percent: float
    memory_mb: float
    rss_mb: float
    scrape_ms: float
    scrape_kb: float


def instructions(routes: int, segment: str, *, plain: bool) -> float:
    """Per request, by callgrind."""
    requests = 2000
    command = [sys.executable, SCRIPT, "1", str(routes), "--serve", str(requests)]
    environment = {"PYTHONHASHSEED": "1", "STIRBAR_SEGMENT": segment}
    counted = callgrind.count([*command, *["--plain"] * plain], 0, environment)
    return counted.total / requests


def segment_of(pid: int) -> str:
    for entry in Path(f"/proc/{pid}/environ").read_bytes().split(b"\0"):
        if entry.startswith(b"STIRBAR_SEGMENT="):
            return entry.partition(b"=")[2].decode()
    processes.give_up(f"process {pid} has no STIRBAR_SEGMENT")


@functools.cache
def plain_instructions(routes: int) -> float:
    return instructions(routes, "", plain=True)


def measure_cell(workers: int, routes: int, seconds: float) -> Cell:
    command = [sys.executable, SCRIPT, str(workers), str(routes), "--rate", "1", "--restarts"]
    with processes.watched(command, workers=workers) as app:
        pid = app.supervisor_pid()
        processes.wait_until(
            "every worker has served every route",
            lambda: processes.snapshot(app.port)["totals"]["requests"] >= workers * routes,
        )
        time.sleep(2)
        began, used = time.monotonic(), processes.cpu_seconds(pid)
        time.sleep(seconds)
        cpu_percent = 100 * (processes.cpu_seconds(pid) - used) / (time.monotonic() - began)
        memory = processes.memory_bytes(pid)
        segment = segment_of(processes.snapshot(app.port)["workers"][0]["pid"])
        added = instructions(routes, segment, plain=False) - plain_instructions(routes)
        scrape_after_restarts.restart(app, RESTARTS, workers)
        scraped = processes.scrape(app.port, 40)
    return Cell(
        workers,
        routes,
        added,
        cpu_percent,
        memory["RssAnon"] / MB,
        memory["VmRSS"] / MB,
        statistics.median(scraped.milliseconds),
        scraped.size_bytes / 1e3,
    )


def along(what: str, sizes: list[int], values: list[float], unit: str) -> Figure:
    """The largest size's cost, with the way there; the ratio says by how much it has grown."""
    steps = ", ".join(
        f"{size:,}: {figure.number(v)}" for size, v in zip(sizes, values, strict=True)
    )
    return Figure(
        "B15",
        f"{what} at {sizes[-1]:,}",
        values[-1],
        unit,
        ratio=f"{steps}; x {values[-1] / values[0]:.2g} for x {sizes[-1] / sizes[0]:,.0f}",
    )


def rows(axis: str, sizes: list[int], cells: list[Cell]) -> list[Figure]:
    return [
        along(f"{what}, by {axis}", sizes, values, unit)
        for what, values, unit in (
            ("B1 instructions per request", [c.instructions for c in cells], "instructions"),
            ("B10 CPU of the supervisor", [c.cpu_percent for c in cells], "% of a core"),
            ("B10 its own memory", [c.memory_mb for c in cells], "MB"),
            ("B10 its RSS", [c.rss_mb for c in cells], "MB"),
            ("B11 scrape", [c.scrape_ms for c in cells], "ms"),
            ("B11 its size", [c.scrape_kb for c in cells], "KB"),
        )
    ]


def measure(quick: bool) -> list[Figure]:
    workers = [WORKERS[0], WORKERS[-1]] if quick else list(WORKERS)
    routes = [ROUTES[0], ROUTES[-1]] if quick else list(ROUTES)
    seconds = 4.0 if quick else 12.0
    sizes = {(count, WITH_ROUTES) for count in workers} | {(WITH_WORKERS, n) for n in routes}
    cells = {size: measure_cell(*size, seconds) for size in sorted(sizes)}
    return [
        *rows(f"workers ({WITH_ROUTES} routes)", workers, [cells[n, WITH_ROUTES] for n in workers]),
        *rows(f"routes ({WITH_WORKERS} workers)", routes, [cells[WITH_WORKERS, n] for n in routes]),
    ]


if __name__ == "__main__":
    figure.main(__doc__, measure)
