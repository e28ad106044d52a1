"""B1: what Stirbar adds to a request of a trivial Flask route, everything on.

Measured: instructions of the requesting thread, by valgrind's callgrind: two runs that differ only
in the number of requests, (n2 - n1) / (N2 - N1), with Stirbar minus without, the median of several
hash seeds (how Python's dictionaries collide changes the count). Refused when requests were not
counted by the probe, or when it is less than the probe's own machine code has run. The thread that
knocks at the interpreter lock ten times a second is off there: under callgrind, a hundred times
slower, it would knock a hundred times as often per request. The CPU of both native threads is a
row of its own, and they run where time is measured: batches with and without in turn in one
process, median of the pairs' differences. Beside it the named peer, prometheus-flask-exporter.

Unit: instructions, microseconds.
"""

from __future__ import annotations

import json
import os
import statistics
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import callgrind
import figure
import processes
from figure import Figure

LIMIT_INSTRUCTIONS = 3000.0
COUNTED, PEER = "stirbar-without-knock", "exporter"
LOOP = str(processes.BENCHMARKS / "request_loop.py")


def loop_command(subject: str, python: str) -> list[str]:
    before = []
    if subject.startswith("stirbar"):
        before = [processes.STIRBAR, "run", "--listen", "127.0.0.1:0", "--"]
    return [*before, python, LOOP, subject]


def instructions(subject: str, python: str, requests: int, seed: int) -> callgrind.Count:
    """Instructions of the main thread in a run of `requests`, start of the interpreter included."""
    command = [*loop_command(subject, python), str(requests)]
    return callgrind.count(command, command.index(python), {"PYTHONHASHSEED": str(seed)})


def instructions_per_request(
    subjects: dict[str, str], seeds: list[int], requests: tuple[int, int]
) -> dict[str, list[float]]:
    """By subject, one figure for each seed; for the peer only the first, that is far enough."""
    few, many = requests
    keys = [(name, seed) for name in subjects for seed in seeds[: 1 if name == PEER else None]]

    def count(key: tuple[str, int]) -> float:
        name, seed = key
        first, second = (instructions(name, subjects[name], n, seed) for n in (few, many))
        own[name] = (second.own - first.own) / (many - few)
        return (second.total - first.total) / (many - few)

    own: dict[str, float] = {}
    with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        found = dict(zip(keys, pool.map(count, keys), strict=True))
    # The difference of two large numbers: what it says must hold what is known to have run.
    least = min(found[COUNTED, seed] - found["plain", seed] for seed in seeds)
    if not 0 < own[COUNTED] <= least:
        processes.give_up(
            f"added {least:.0f} instructions, of which {own[COUNTED]:.0f} in the probe's own code: "
            "the two runs differ in more than the probe"
        )
    return {name: [found[key] for key in keys if key[0] == name] for name in subjects}


def pairs(subject: str, python: str, number: int) -> list[tuple[float, float]]:
    """Wall time per request, nanoseconds: (plain, subject) for each pair of batches."""
    with tempfile.TemporaryDirectory() as folder:
        output = f"{folder}/pairs.json"
        processes.run(
            [*loop_command(subject, python), "50", "--pairs", str(number), "--output", output]
        )
        return [(plain, other) for plain, other in json.loads(Path(output).read_text())]


def time_figure(what: str, measured: list[tuple[float, float]]) -> Figure:
    added = [other - plain for plain, other in measured]
    plain_ns = statistics.median(plain for plain, _ in measured)
    median = statistics.median(added)
    return Figure(
        "B1",
        what,
        median / 1e3,
        "µs",
        processes.quantile(added, 0.25) / 1e3,
        processes.quantile(added, 0.75) / 1e3,
        f"quartiles of {len(added)} pairs",
        ratio=f"{1 + median / plain_ns:.3f} x plain ({plain_ns / 1e3:.0f} µs)",
    )


def native_threads(seconds: float) -> Figure:
    """CPU of both native threads in a worker that has nothing to do."""
    workers = [sys.executable, "simulated_workers.py", "1", "1", "--rate", "0"]
    with processes.watched(workers, workers=1) as app:
        pid = processes.snapshot(app.port)["workers"][0]["pid"]
        time.sleep(1)
        before = thread_cpu_ns(pid)
        time.sleep(seconds)
        used = thread_cpu_ns(pid) - before
    return Figure(
        "B1", "both native threads of an idle worker", used / seconds / 1e7, "% of a core"
    )


def thread_cpu_ns(pid: int) -> int:
    return sum(
        int((task / "schedstat").read_text().split()[0])
        for task in Path(f"/proc/{pid}/task").iterdir()
        if (task / "comm").read_text().startswith("stirbar-")
    )


def instruction_figures(counted: dict[str, list[float]]) -> list[Figure]:
    plain = counted["plain"]
    rows = []
    for subject, what, limit in (
        (COUNTED, "instructions added to a trivial Flask request", LIMIT_INSTRUCTIONS),
        (PEER, "the same by prometheus-flask-exporter", None),
    ):
        if subject not in counted:
            continue
        added = [other - base for other, base in zip(counted[subject], plain, strict=False)]
        base = statistics.median(plain)
        rows.append(
            Figure(
                "B1",
                what,
                statistics.median(added),
                "instructions",
                min(added),
                max(added),
                f"{len(added)} hash seeds" if len(added) > 1 else "",
                limit,
                f"{1 + statistics.median(added) / base:.4f} x plain ({base:,.0f})",
            )
        )
    return rows


def measure(quick: bool) -> list[Figure]:
    peer = processes.peer_python()
    subjects = {"plain": sys.executable, COUNTED: sys.executable}
    if peer:
        subjects[PEER] = peer
    seeds = [1, 2] if quick else [1, 2, 3]
    rows = instruction_figures(instructions_per_request(subjects, seeds, (60, 360)))
    number = 60 if quick else 400
    rows.append(time_figure("time added, interleaved", pairs("stirbar", sys.executable, number)))
    if peer:
        what = "the same by prometheus-flask-exporter"
        rows.append(time_figure(what, pairs(PEER, peer, number)))
    rows.append(native_threads(2 if quick else 10))
    return rows


if __name__ == "__main__":
    figure.main(__doc__, measure)
