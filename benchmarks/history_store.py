"""B12: what a history of 30 days takes, and how long its charts take.

`history_fill.cc` writes 30 days of 1 s samples through the supervisor's own writer, on a clock of
its own: every second 34 metrics and 70 durations, every minute 50 routes and a record, with the
roll-ups and the forgetting that a supervisor does. Then it asks what the page History asks, for an
hour up to 30 days, in the steps of the page and in the finest ones, each time with an empty cache
of its own, and makes the JSON or CSV of it.

Unit: MB = 1,000,000 bytes, log included; ms of wall time on a warm disk.
"""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

import figure
import open_loop
import processes
from figure import Figure

DISK_LIMIT_MB = 200.0
QUERY_LIMIT_MS = 100.0
MB = 1e6


def measure(quick: bool) -> list[Figure]:
    days = 3 if quick else 30
    program = open_loop.build("history_fill")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "shop.sqlite")
        found = json.loads(processes.run([str(program), str(path), str(days)]))
        # The log has been taken into the file when the writer ended in good order.
        disk = sum(part.stat().st_size for part in Path(folder).iterdir())
    seconds = days * 86400
    return [
        Figure(
            "B12",
            f"history of {days} days of 1 s samples, on disk",
            disk / MB,
            "MB",
            limit=DISK_LIMIT_MB,
        ),
        Figure(
            "B12",
            f"slowest question of the page to it: {found['slowest']}",
            found["slowest_seconds"] * 1e3,
            "ms",
            limit=QUERY_LIMIT_MS,
        ),
        Figure(
            "B12",
            "making up, writing and rolling up one second of it",
            found["fill_seconds"] / seconds * 1e6,
            "µs",
        ),
    ]


if __name__ == "__main__":
    figure.main(__doc__, measure)
