"""B10, B14: what the supervisor costs beside an app of 16 gunicorn workers with 200 routes.

Measured: CPU time of the supervisor's process over a minute without and a minute with one reader of
the event stream (the web page), as a share of one core; its resident memory (RSS counts the shared
pages of the segment that it has touched, PSS its share of them, anonymous is its own); growth of
the anonymous memory over the minutes after the first. 20 requests a second over all routes.

Unit: % of a core; MB = 1,000,000 bytes. CPU from /proc/PID/task/*/schedstat.
"""

from __future__ import annotations

import time

import figure
import processes
from figure import Figure

WORKERS = 16
ROUTES = 200
REQUESTS_PER_SECOND = 20.0
CPU_LIMIT_PERCENT = 0.5
STREAM_LIMIT_PERCENT = 2.0  # of B14
MEMORY_LIMIT_MB = 32.0
MB = 1e6


def share_of_core(pid: int, seconds: float, windows: int = 6) -> list[float]:
    """CPU in percent of a core, for each of some windows that make up `seconds`."""
    shares = []
    for _ in range(windows):
        began, used = time.monotonic(), processes.cpu_seconds(pid)
        time.sleep(seconds / windows)
        shares.append(100 * (processes.cpu_seconds(pid) - used) / (time.monotonic() - began))
    return shares


def cpu_figure(name: str, what: str, shares: list[float], limit: float) -> Figure:
    return Figure(
        name,
        what,
        sum(shares) / len(shares),
        "% of a core",
        min(shares),
        max(shares),
        f"{len(shares)} windows",
        limit,
    )


def measure(quick: bool) -> list[Figure]:
    seconds = 12.0 if quick else 60.0
    port = processes.free_port()
    command = [processes.GUNICORN, "-w", str(WORKERS), "-b", f"127.0.0.1:{port}", "--preload"]
    paths = [f"/r{i}" for i in range(ROUTES)]
    with processes.watched(
        [*command, "many_routes_app:app"], workers=WORKERS, environment={"ROUTES": str(ROUTES)}
    ) as app:
        pid = app.supervisor_pid()
        for _ in range(4):  # so that most workers have served most routes
            for path in paths:
                processes.get(port, path)
        traffic = processes.LightTraffic(port, paths, REQUESTS_PER_SECOND)
        time.sleep(5)
        alone = share_of_core(pid, seconds)
        settled = processes.memory_bytes(pid)["RssAnon"]
        stream = processes.StreamClient(app.port)
        began = time.monotonic()
        time.sleep(2)
        streamed = share_of_core(pid, seconds)
        bytes_per_second = stream.bytes_read / (time.monotonic() - began)
        stream.close()
        time.sleep(2)
        memory = processes.memory_bytes(pid)
        minutes = (time.monotonic() - began) / 60
        traffic.stop()
    subject = f"supervisor, {WORKERS} gunicorn workers, {ROUTES} routes"
    rss = memory["VmRSS"]
    return [
        cpu_figure("B10", f"CPU of the {subject}, no page open", alone, CPU_LIMIT_PERCENT),
        cpu_figure(
            "B14", "CPU of the same with a page's stream open", streamed, STREAM_LIMIT_PERCENT
        ),
        Figure(
            "B10",
            f"RSS of the {subject}",
            rss / MB,
            "MB",
            limit=MEMORY_LIMIT_MB,
            ratio=f"{memory['RssAnon'] / MB:.1f} own, {memory['RssShmem'] / MB:.1f} segment, "
            f"{memory['RssFile'] / MB:.1f} program; PSS {memory['Pss'] / MB:.1f}",
        ),
        Figure(
            "B10",
            f"growth of its own memory in {minutes:.1f} minutes, a page's visit included",
            (memory["RssAnon"] - settled) / MB,
            "MB",
        ),
        Figure("B14", "event stream, uncompressed", bytes_per_second / 1e3, "KB/s"),
    ]


if __name__ == "__main__":
    figure.main(__doc__, measure)
