"""B1, B2: what Stirbar adds to a request of a Flask route, everything on.

B1 is a trivial route, B2 one with five SQL selects (/sql of examples/misbehaving_app.py).

Measured: instructions of the requesting thread between two marks, by valgrind's callgrind, with
Stirbar minus without, the median of several hash seeds; misses of the interpreter's method cache,
whose number is chance, are left out on both sides (callgrind.py). Refused when requests were not
counted by the probe, or when the queue time of one was not read from its socket. The thread that
knocks at the interpreter lock ten times a second is off there: under callgrind, a hundred times
slower, it would knock a hundred times as often per request. The CPU of both native threads is a row
of its own, and they run where time is measured: batches with and without in turn, B1 in one
process, B2 in two (the libraries are instrumented for a whole process), median of the pairs'
differences. Beside it the named peer, prometheus-flask-exporter.

Unit: instructions, microseconds.
"""

from __future__ import annotations

import contextlib
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import callgrind
import figure
import processes
from callgrind import Count
from figure import Figure

COUNTED, PEER = "stirbar-without-knock", "exporter"
LOOP = str(processes.BENCHMARKS / "request_loop.py")


@dataclass(frozen=True)
class Case:
    """A route, and what may be added to it."""

    name: str
    route: str  # of request_loop.py
    what: str
    requests: int  # that are counted
    seeds: int
    limit_instructions: float


TRIVIAL = Case("B1", "trivial", "a trivial Flask request", 300, 4, 3000)
# 3 µs, at the 6,000 instructions a microsecond by which B1's 3,000 are 0.5 µs. The clock cannot
# tell 3 µs on a route that takes a millisecond: two plain processes differ by more.
SQL = Case("B2", "sql", "a request with 5 SQL selects", 60, 3, 18000)


def loop_command(case: Case, subject: str, python: str) -> list[str]:
    before = []
    if subject.startswith("stirbar"):
        before = [processes.STIRBAR, "run", "--listen", "127.0.0.1:0", "--"]
    return [*before, python, LOOP, case.route, subject]


def instructions(case: Case, subject: str, python: str, seed: int) -> Count:
    """Instructions of the main thread per request."""
    command = [*loop_command(case, subject, python), str(case.requests)]
    found = callgrind.count(command, command.index(python), {"PYTHONHASHSEED": str(seed)})
    return Count(
        found.total // case.requests, found.misses // case.requests, found.own // case.requests
    )


def instructions_per_request(
    case: Case, subjects: dict[str, str], seeds: list[int]
) -> dict[str, list[Count]]:
    """By subject, one count for each seed; for the peer only the first, that is far enough."""
    keys = [(name, seed) for name in subjects for seed in seeds[: 1 if name == PEER else None]]
    with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        counts = pool.map(lambda key: instructions(case, key[0], subjects[key[0]], key[1]), keys)
        found = dict(zip(keys, counts, strict=True))
    if any(found[COUNTED, seed].own == 0 for seed in seeds):
        processes.give_up("none of the probe's code has run: what was counted is something else")
    return {name: [found[key] for key in keys if key[0] == name] for name in subjects}


def pairs_in_one(case: Case, subject: str, python: str, number: int) -> list[tuple[float, float]]:
    """CPU time per request, nanoseconds: (plain, subject) for each pair of batches."""
    with tempfile.TemporaryDirectory() as folder:
        output = f"{folder}/pairs.json"
        command = loop_command(case, subject, python)
        processes.run([*command, "50", "--pairs", str(number), "--output", output])
        return [(plain, other) for plain, other in json.loads(Path(output).read_text())]


@contextlib.contextmanager
def batches(case: Case, subject: str, python: str) -> Iterator[subprocess.Popen[str]]:
    command = [*loop_command(case, subject, python), "20", "--batches"]
    environment = {**os.environ, "PYTHONHASHSEED": "1"}
    pipe = subprocess.PIPE
    with subprocess.Popen(
        command, env=environment, stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL, text=True
    ) as process:
        yield process


def one_batch(process: subprocess.Popen[str]) -> float:
    assert process.stdin is not None and process.stdout is not None
    process.stdin.write("\n")
    process.stdin.flush()
    line = process.stdout.readline()
    if not line:
        processes.give_up(f"{process.args!r} has ended")
    return float(line)


def pairs_of_two(
    case: Case, subject: str, python: str, number: int, starts: int
) -> list[tuple[float, float]]:
    """The same with two processes in turn, which are started anew `starts` times: where their code
    and data lie makes a difference too, and another one each time."""
    pairs = []
    for _ in range(starts):
        with (
            batches(case, "plain", sys.executable) as plain,
            batches(case, subject, python) as other,
        ):
            one_batch(plain), one_batch(other)
            for turn in range(number // starts):
                if turn % 2 == 0:
                    first = one_batch(plain)
                    pairs.append((first, one_batch(other)))
                else:
                    first = one_batch(other)
                    pairs.append((one_batch(plain), first))
            for process in (plain, other):
                assert process.stdin is not None
                process.stdin.close()
    return pairs


def time_figure(case: Case, what: str, measured: list[tuple[float, float]]) -> Figure:
    added = [other - plain for plain, other in measured]
    plain_ns = statistics.median(plain for plain, _ in measured)
    median = statistics.median(added)
    return Figure(
        case.name,
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


def instruction_figures(case: Case, counted: dict[str, list[Count]]) -> list[Figure]:
    rows = []
    for subject, what, limit in (
        (COUNTED, f"instructions added to {case.what}", case.limit_instructions),
        (PEER, "the same by prometheus-flask-exporter", None),
    ):
        if subject not in counted:
            continue
        pairs = list(zip(counted[subject], counted["plain"], strict=False))
        added = [other.total - plain.total for other, plain in pairs]
        own = max(count.own for count in counted[subject])
        base = statistics.median(plain.total for _, plain in pairs)
        value = statistics.median(added)
        rows.append(
            Figure(
                case.name,
                what,
                value,
                "instructions",
                min(added),
                max(added),
                f"{len(added)} hash seeds" if len(added) > 1 else "",
                limit,
                f"{1 + value / base:.4f} x plain ({base:,.0f})"
                + (f"; {own:,} in the probe's own code" if own else ""),
            )
        )
    return rows


def measure_case(case: Case, peer: str | None, quick: bool) -> list[Figure]:
    subjects = {"plain": sys.executable, COUNTED: sys.executable}
    if peer:
        subjects[PEER] = peer
    seeds = list(range(1, 2 if quick else 1 + case.seeds))
    rows = instruction_figures(case, instructions_per_request(case, subjects, seeds))

    def pairs(subject: str, python: str) -> list[tuple[float, float]]:
        if case is TRIVIAL:
            return pairs_in_one(case, subject, python, 60 if quick else 400)
        return pairs_of_two(case, subject, python, 40 if quick else 300, 2 if quick else 10)

    what = f"CPU time added to {case.what}, interleaved"
    rows.append(time_figure(case, what, pairs("stirbar", sys.executable)))
    if peer:
        rows.append(time_figure(case, "the same by prometheus-flask-exporter", pairs(PEER, peer)))
    return rows


def measure(quick: bool) -> list[Figure]:
    peer = processes.peer_python()
    rows = measure_case(TRIVIAL, peer, quick)
    rows.append(native_threads(2 if quick else 10))
    return rows + measure_case(SQL, peer, quick)


if __name__ == "__main__":
    figure.main(__doc__, measure)
