"""B11: a scrape of /metrics after 500 restarts of workers.

Measured: time and size of GET /metrics of the supervisor, with 2 workers and 20 routes, before and
after 500 further workers have attached, served one request to each route and ended, every other one
by kill -9 (simulated workers, see simulated_workers.py). Every request of them must be counted.
Beside it the named peer, prometheus_client's multiprocess mode: 500 processes that each counted one
request to each of 20 routes (a counter and a histogram) and ended; one scrape is
generate_latest() over their files.

Unit: milliseconds of wall time, KB = 1,000 bytes.
"""

from __future__ import annotations

import json
import statistics
import sys

import figure
import processes
from figure import Figure

LIMIT_MS = 10.0
WORKERS = 2
ROUTES = 20


def restart(app: processes.Watched, number: int, workers: int) -> None:
    """Lets `number` workers come and go beside the `workers` that stay, and waits until the last is
    accounted for."""
    assert app.process.stdin is not None
    app.process.stdin.write(b"%d\n" % number)
    app.process.stdin.flush()

    def all_gone() -> bool:
        snapshot = processes.snapshot(app.port)
        totals = snapshot["totals"]
        gone: int = totals["workers_exited"] + totals["workers_died"]
        # One that has just ended is still listed, as dead, until the next look.
        return gone >= number and len(snapshot["workers"]) == workers

    processes.wait_until(f"{number} workers have ended", all_gone, 300)


def wait_until_counted(app: processes.Watched, requests: int) -> None:
    processes.wait_until(
        f"{requests} requests are counted, no more and no less",
        lambda: processes.snapshot(app.port)["totals"]["requests"] == requests,
        10,
    )


def time_figure(what: str, milliseconds: list[float], limit: float | None, ratio: str) -> Figure:
    return Figure(
        "B11",
        what,
        processes.quantile(milliseconds, 0.5),
        "ms",
        processes.quantile(milliseconds, 0.99),
        max(milliseconds),
        f"p99 … max of {len(milliseconds)}",
        limit,
        ratio,
    )


def measure(quick: bool) -> list[Figure]:
    restarts = 100 if quick else 500
    scrapes = 50 if quick else 300
    command = [sys.executable, "simulated_workers.py", str(WORKERS), str(ROUTES), "--restarts"]
    with processes.watched([*command, "--rate", "0"], workers=WORKERS) as app:
        wait_until_counted(app, WORKERS * ROUTES)
        before = processes.scrape(app.port, scrapes)
        restart(app, restarts, WORKERS)
        wait_until_counted(app, (WORKERS + restarts) * ROUTES)
        after = processes.scrape(app.port, scrapes)
    now = statistics.median(after.milliseconds)
    then = statistics.median(before.milliseconds)
    rows = [
        time_figure(
            f"scrape after {restarts} restarts, {ROUTES} routes, p50",
            after.milliseconds,
            LIMIT_MS,
            f"{now / then:.2f} x before them",
        ),
        Figure(
            "B11",
            "its size",
            after.size_bytes / 1e3,
            "KB",
            ratio=f"{after.size_bytes / before.size_bytes:.3f} x before them",
        ),
    ]
    peer = processes.peer_python()
    if peer:
        script = str(processes.BENCHMARKS / "multiprocess_scrape.py")
        printed = processes.run([peer, script, str(restarts), str(ROUTES), "3" if quick else "9"])
        times = json.loads(printed)
        ratio = f"{statistics.median(times) / now:,.0f} x ours"
        what = f"prometheus_client multiprocess, {restarts} ended processes, p50"
        rows.append(time_figure(what, times, None, ratio))
    return rows


if __name__ == "__main__":
    figure.main(__doc__, measure)
