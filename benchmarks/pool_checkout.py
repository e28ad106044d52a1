"""B7: a checkout and checkin of Stirbar's pool, the stack of 16 frames kept, against QueuePool
without a stack.

Measured: instructions of the thread between two marks by valgrind's callgrind, median of several
hash seeds, misses of the interpreter's method cache left out (callgrind.py); and CPU time, batches
of both in turn in one process, median of the pairs' ratios. The database does nothing.

Unit: instructions, microseconds, x QueuePool.
"""

from __future__ import annotations

import json
import os
import statistics
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import callgrind
import figure
import processes
from figure import Figure

LOOP = str(processes.BENCHMARKS / "pool_loop.py")
CHECKOUTS = 500
WHAT = "a checkout and checkin, stack of 16 frames kept"


def command(subject: str, checkouts: int) -> list[str]:
    launcher = [processes.STIRBAR, "run", "--listen", "127.0.0.1:0", "--"]
    return [*launcher, sys.executable, LOOP, subject, str(checkouts)]


def instructions(subject: str, seed: int) -> int:
    """Of the main thread, per checkout and checkin."""
    loop = command(subject, CHECKOUTS)
    found = callgrind.count(loop, loop.index(sys.executable), {"PYTHONHASHSEED": str(seed)})
    if subject == "fair" and found.own == 0:
        processes.give_up("none of the probe's code has run: what was counted is something else")
    return found.total // CHECKOUTS


def counted(seeds: list[int]) -> Figure:
    keys = [(subject, seed) for subject in ("queue", "fair") for seed in seeds]
    with ThreadPoolExecutor(os.cpu_count() or 1) as threads:
        found = dict(zip(keys, threads.map(lambda key: instructions(*key), keys), strict=True))
    ratios = [found["fair", seed] / found["queue", seed] for seed in seeds]
    ours = statistics.median(found["fair", seed] for seed in seeds)
    theirs = statistics.median(found["queue", seed] for seed in seeds)
    return Figure("B7", f"instructions of {WHAT}", statistics.median(ratios), "x QueuePool",
                  min(ratios), max(ratios), f"{len(seeds)} hash seeds", limit=1.0,
                  ratio=f"{ours:,.0f} of QueuePool's {theirs:,.0f}, which keeps none")  # fmt: skip


def timed(pairs: int) -> Figure:
    with tempfile.TemporaryDirectory() as folder:
        output = Path(folder, "pairs.json")
        processes.run([*command("fair", 2000), "--pairs", str(pairs), "--output", str(output)])
        measured = json.loads(output.read_text())
    ratios = [ours / theirs for theirs, ours in measured]
    ours_us = statistics.median(ours for _, ours in measured) / 1e3
    theirs_us = statistics.median(theirs for theirs, _ in measured) / 1e3
    return Figure(
        "B7",
        f"CPU time of {WHAT}, interleaved",
        statistics.median(ratios),
        "x QueuePool",
        processes.quantile(ratios, 0.25),
        processes.quantile(ratios, 0.75),
        f"quartiles of {len(ratios)} pairs",
        limit=1.0,
        ratio=f"{ours_us:.2f} µs, QueuePool {theirs_us:.2f} µs",
    )


def measure(quick: bool) -> list[Figure]:
    return [counted([1] if quick else [1, 2, 3, 4]), timed(40 if quick else 400)]


if __name__ == "__main__":
    figure.main(__doc__, measure)
