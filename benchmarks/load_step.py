"""B5: a step of load from 0.5 to 8 times capacity and back, on requests of three classes.

Measured: six in ten requests are normal (/work), two sheddable (/report), two background (/batch),
20 ms of CPU each, open loop as in goodput.py, one worker on one core under Stirbar. How long after
the load has gone until latency is back: the first second that begins two in a row in which nobody
waited in vain and the p95 of the accepted is under twice that of before; and until 19 of 20 are
answered again. How often the shed level changed while the load was constant, sampled four times a
second from the snapshot. What of the capacity each class got. If the app's own critical route and
the supervisor's health were answered all the while.

Unit: seconds, changes, x capacity.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import figure
import goodput
import open_loop
import overloaded
from figure import Figure
from overloaded import DEADLINE_SECONDS, Server

CLASSES = {"/work": "normal", "/report": "sheddable", "/batch": "background"}
ROUTES = ["/work=6", "/report=2", "/batch=2"]
RECOVERY_LIMIT_SECONDS = 5.0
CHANGES_LIMIT = 2.0


def is_quick(second: dict[str, Any], p95_before: float) -> bool:
    p95 = second["accepted_seconds"]["p95"]
    in_vain = second["offered"] - second["in_time"] - second["refused"]
    return in_vain == 0 and p95 is not None and p95 < 2 * p95_before


def is_served(second: dict[str, Any], p95_before: float) -> bool:
    served: bool = second["in_time"] >= 0.95 * second["offered"]
    return served and is_quick(second, p95_before)


def seconds_until(holds: Callable[[dict[str, Any], float], bool], report: dict[str, Any]) -> float:
    """Since the load has gone; infinite when it did not hold again."""
    before = report["phases"][0]["all"]["accepted_seconds"]["p95"]
    after = [second for second in report["series"] if second["phase"] == 2]
    for first, (one, two) in enumerate(zip(after, after[1:], strict=False)):
        if holds(one, before) and holds(two, before):
            return float(first)
    return float("inf")


def step(server: Server, core: list[str], quick: bool) -> list[Figure]:
    calm, loaded = (4, 6) if quick else (8, 15)
    capacity = overloaded.plain_capacity(server, core, 2.5)
    with overloaded.serving(server, core, watched=True) as serving:
        watch = overloaded.Watch(serving)
        with watch.watching():
            report = open_loop.offer(
                serving.port,
                f"0.5x@{calm}s,8x@{loaded}s,0.5x@{calm}s",
                capacity=capacity,
                deadline=DEADLINE_SECONDS,
                routes=ROUTES,
            )
    high = report["phases"][1]
    shares = {
        name: high["routes"][path]["in_time"] / loaded / capacity for path, name in CLASSES.items()
    }
    changes = watch.level_changes(*(calm + t for t in (1.0, loaded)))
    return [
        Figure(
            "B5",
            f"8 × for {loaded} s and gone: until latency is back, {server.name}",
            seconds_until(is_quick, report),
            "s",
            limit=RECOVERY_LIMIT_SECONDS,
            ratio=f"critical route answered: {goodput.of(watch.alive)}; supervisor's health: "
            f"{goodput.of(watch.health)}",
        ),
        Figure(
            "B5",
            f"the same: until 19 of 20 are answered, {server.name}",
            seconds_until(is_served, report),
            "s",
        ),
        Figure(
            "B5",
            f"changes of the shed level in these {loaded} s, {server.name}",
            float(changes),
            "changes",
            limit=CHANGES_LIMIT,
            ratio=f"highest level: {watch.highest_level()}",
        ),
        Figure(
            "B5",
            f"in time in these {loaded} s, all classes, {server.name}",
            sum(shares.values()),
            "× capacity",
            ratio=", ".join(f"{name} {share:.2f}" for name, share in shares.items()),
        ),
    ]


def measure(quick: bool) -> list[Figure]:
    open_loop.build()
    core = open_loop.share_cores()
    servers = [overloaded.SYNC, overloaded.THREADED]
    return [row for server in servers for row in step(server, core, quick)]


if __name__ == "__main__":
    figure.main(__doc__, measure)
