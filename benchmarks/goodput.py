"""B5: how many requests are answered in time when more are offered than can be answered.

Measured: a route that costs 20 ms of CPU (cpu_app.py), one worker on one core, open loop (each
request is sent when it is due, Poisson arrivals, a connection of its own), clients that give up
after 1 s. Offered: a multiple of what the plain server answers per second when it is never idle,
measured on it just before. Counted after a warm-up at the same rate: 200s within 1 s, per second,
as a share of that capacity. Plain and under `stirbar run` with STIRBAR_REQUEST_DEADLINE=1 in turn,
each on a server started anew. Then a step from 0.5 to 8 times capacity and back: how long until the
latency is back, and how often the shedder changed its mind.

Unit: x capacity, milliseconds, seconds. goodput_picture.py draws the whole curve.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import figure
import open_loop
import overloaded
from figure import Figure
from overloaded import DEADLINE_SECONDS, Server

LEAST = {2.0: 0.90, 4.0: 0.85, 8.0: 0.80}


@dataclass(frozen=True)
class Point:
    """A server under one rate. Rates in requests per second."""

    server: str
    watched: bool  # under Stirbar
    multiple: float  # offered, x capacity
    capacity: float
    in_time: float
    refused: float  # answered 503
    not_connected: float  # by the kernel: no room in the accept queue
    gave_up: float
    accepted_p99_ms: float  # of 200s; a client that gave up has none
    refused_p99_ms: float
    alive: str  # the app's critical route: answered of asked
    health: str  # the supervisor's page: the same

    @property
    def goodput(self) -> float:
        return self.in_time / self.capacity


def of(answered: list[bool]) -> str:
    return f"{sum(answered)} of {len(answered)}"


def milliseconds(seconds: float | None) -> float:
    return float("nan") if seconds is None else seconds * 1e3


def measure_point(
    server: Server,
    core: list[str],
    multiple: float,
    capacity: float,
    seconds: tuple[float, float],
    *,
    watched: bool,
) -> Point:
    warm_up, counted = seconds
    with overloaded.serving(server, core, watched=watched) as serving:
        watch = overloaded.Watch(serving)
        phases = f"{multiple:g}x@{warm_up:g}s,{multiple:g}x@{counted:g}s"
        with watch.watching():
            report = open_loop.offer(
                serving.port, phases, capacity=capacity, deadline=DEADLINE_SECONDS
            )
    found: dict[str, Any] = report["phases"][1]["all"]
    return Point(
        server.name,
        watched,
        multiple,
        capacity,
        found["in_time"] / counted,
        found["refused"] / counted,
        (found["not_connected"] + found["reset"]) / counted,
        (found["gave_up"] + found["late"] + found["failed"]) / counted,
        milliseconds(found["accepted_seconds"]["p99"]),
        milliseconds(found["refused_seconds"]["p99"]),
        of(watch.alive),
        of(watch.health) if watched else "-",
    )


def print_point(point: Point) -> None:
    """For whoever runs this program alone, while it runs."""
    print(
        f"{point.server:20} {'Stirbar' if point.watched else 'plain':8} "
        f"{point.multiple:4g} x {point.capacity:4.1f}/s  goodput {point.goodput:5.2f}  "
        f"refused {point.refused:6.1f}/s  not connected {point.not_connected:6.1f}/s  "
        f"gave up {point.gave_up:6.1f}/s  p99 {point.accepted_p99_ms:5.0f} ms  "
        f"503 p99 {point.refused_p99_ms:5.0f} ms  alive {point.alive}  health {point.health}",
        flush=True,
    )


def curve(
    server: Server, core: list[str], multiples: list[float], seconds: tuple[float, float]
) -> list[Point]:
    """Plain and under Stirbar in turn."""
    points = []
    for multiple in multiples:
        capacity = overloaded.plain_capacity(server, core, 2.5)
        for watched in (False, True):
            points.append(measure_point(server, core, multiple, capacity, seconds, watched=watched))
            print_point(points[-1])
    return points


def goodput_figures(points: list[Point]) -> list[Figure]:
    plain = {(point.server, point.multiple): point for point in points if not point.watched}
    rows = []
    for point in points:
        if not point.watched:
            continue
        beside = plain[point.server, point.multiple]
        rows.append(
            Figure(
                "B5",
                f"goodput at {point.multiple:g} × capacity, {point.server}",
                point.goodput,
                "× capacity",
                limit=LEAST[point.multiple],
                at_least=True,
                ratio=f"plain: {beside.goodput:.2f}; refused at once: {point.refused:.0f}/s, "
                f"p99 {point.refused_p99_ms:.0f} ms; by the kernel: {point.not_connected:.0f}/s",
            )
        )
    return rows


def latency_figure(points: list[Point]) -> Figure:
    """The p99 of accepted requests: the worst of the points under Stirbar."""
    worst = max((point for point in points if point.watched), key=lambda p: p.accepted_p99_ms)
    return Figure(
        "B5",
        f"p99 of the accepted, the worst of these ({worst.multiple:g} ×), {worst.server}",
        worst.accepted_p99_ms,
        "ms",
        limit=DEADLINE_SECONDS * 1e3,
        ratio=f"critical route answered: {worst.alive}; supervisor's health: {worst.health}",
    )


def measure(quick: bool) -> list[Figure]:
    open_loop.build()
    core = open_loop.share_cores()
    multiples = [2.0, 8.0] if quick else list(LEAST)
    seconds = (2.0, 4.0) if quick else (3.0, 6.0)
    rows = []
    for server in (overloaded.SYNC, overloaded.THREADED):
        points = curve(server, core, multiples, seconds)
        rows += goodput_figures(points)
        rows.append(latency_figure(points))
    return rows


if __name__ == "__main__":
    figure.main(__doc__, measure)
