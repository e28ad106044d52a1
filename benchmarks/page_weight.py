"""B14: what a browser loads for the page, and how long the server takes to give it.

Measured: bytes of the bodies of / and of every asset that it names, as the supervisor sends them to
a client that takes gzip; time to fetch them one after the other on one connection (a
browser's first paint also needs to run them: that is not measured here).

Unit: KB = 1,000 bytes; milliseconds of wall time on loopback.
"""

from __future__ import annotations

import http.client
import re
import sys
import time

import figure
import processes
from figure import Figure

LIMIT_KB = 150.0
ASSET = re.compile(r'(?:src|href)="\.?/?(assets/[^"]+)"')


def measure(quick: bool) -> list[Figure]:
    workers = [sys.executable, "simulated_workers.py", "1", "1"]
    milliseconds = []
    with processes.watched(workers, workers=1) as app:
        index = processes.get(app.port, "/")[1].decode()
        paths = ["/", *(f"/{asset}" for asset in sorted(set(ASSET.findall(index))))]
        for _ in range(5 if quick else 50):
            connection = http.client.HTTPConnection("127.0.0.1", app.port, timeout=10)
            total = 0
            began = time.perf_counter()
            for path in paths:
                connection.request("GET", path, headers={"Accept-Encoding": "gzip"})
                answer = connection.getresponse()
                total += len(answer.read())
                if answer.status != 200:
                    processes.give_up(f"{path} answered {answer.status}")
            milliseconds.append((time.perf_counter() - began) * 1e3)
            connection.close()
    return [
        Figure("B14", f"page, {len(paths)} files, gzip", total / 1e3, "KB", limit=LIMIT_KB),
        Figure(
            "B14",
            "fetching it, p50",
            processes.quantile(milliseconds, 0.5),
            "ms",
            min(milliseconds),
            max(milliseconds),
        ),
    ]


if __name__ == "__main__":
    figure.main(__doc__, measure)
