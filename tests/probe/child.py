"""What the programs that test_wsgi_probe.py runs begin with: `from child import *`."""

from __future__ import annotations

import gc
import mmap
import os
import struct
import sys
import threading
import time
from collections.abc import Callable
from typing import Any
from wsgiref.util import setup_testing_defaults

from stirbar import _stirbar as probe

__all__ = [
    "Rows",
    "attach",
    "body_of",
    "environ",
    "gc",
    "os",
    "plain",
    "probe",
    "requests",
    "start_response",
    "sys",
    "threading",
    "time",
    "wait_until",
]

SEGMENT = os.environ["PROBE_SEGMENT"]

# Of src/segment/layout.h. A change of the layout changes the first of them.
SEGMENT_BYTES = 263_528_448
ROUTES_OFFSET, ROUTE_BYTES = 12_288, 256
WORKERS_OFFSET, WORKER_BYTES = 8_196_096, 1_781_760
FIELDS = {
    "owner": (0, "Q"),
    "state": (16, "I"),
    "heartbeat_ns": (64, "Q"),
    "lock_wait_since_ns": (72, "Q"),
    "lock_wait_max_ns": (88, "Q"),
    "lock_waits": (104, "Q"),
    "in_flight_overflow": (128, "Q"),
    "probe_faults": (144, "Q"),
    "directive_ordered": (192, "Q"),
    "directive_kind": (200, "I"),
    "directive_done": (216, "Q"),
    "directive_step": (256, "I"),
    "directive_budget_ns": (280, "Q"),
    "directive_outcome": (288, "I"),
}
IN_FLIGHT_OFFSET, IN_FLIGHT_BYTES, IN_FLIGHT_COUNT = 24_832, 256, 256
STATS_OFFSET, STATS_BYTES, STATS_COUNT = 90_368, 824, 2048


class Rows:
    """The segment, read and written behind the probe's back."""

    def __init__(self) -> None:
        with open(SEGMENT, "r+b") as file:
            self.bytes = mmap.mmap(file.fileno(), 0)
        assert len(self.bytes) == SEGMENT_BYTES, "layout.h has changed: so must child.py"

    def worker(self, slot: int) -> int:
        return WORKERS_OFFSET + slot * WORKER_BYTES

    def get(self, field: str, slot: int | None = None) -> int:
        offset, form = FIELDS[field]
        at = self.worker(probe.state()["slot"] if slot is None else slot) + offset
        return int(struct.unpack_from(form, self.bytes, at)[0])

    def put(self, field: str, value: int, slot: int | None = None) -> None:
        offset, form = FIELDS[field]
        at = self.worker(probe.state()["slot"] if slot is None else slot) + offset
        struct.pack_into(form, self.bytes, at, value)

    def rule(self, route: int) -> str:
        at = ROUTES_OFFSET + route * ROUTE_BYTES + 16
        return bytes(self.bytes[at : at + 240]).split(b"\0")[0].decode()

    def routes(self, slot: int | None = None) -> dict[str, dict[str, Any]]:
        """Rule -> its counters in a worker; "" for the unmatched."""
        base = self.worker(probe.state()["slot"] if slot is None else slot) + STATS_OFFSET
        found: dict[str, dict[str, Any]] = {}
        for route in range(STATS_COUNT):
            words = struct.unpack_from("22Q162I", self.bytes, base + route * STATS_BYTES)
            if sum(words[:5]) == 0:
                continue
            assert sum(words[22:]) == sum(words[:5]), "histogram and status do not add up"
            found[self.rule(route)] = {
                "status": list(words[:5]),
                "exceptions": words[5],
                "slow": words[6],
                "duration_sum_ns": words[7],
                "part_calls": list(words[15:20]),
            }
        return found

    def counted(self) -> dict[str, Any]:
        """The counters of the unmatched: what an app that is not Flask gets."""
        return self.routes().get("", {"status": [0] * 5, "exceptions": 0, "slow": 0})

    def in_flight(self) -> list[tuple[str, int]]:
        """(rule, phase) of each request in flight; None for a rule not known yet."""
        base = self.worker(probe.state()["slot"]) + IN_FLIGHT_OFFSET
        found = []
        for index in range(IN_FLIGHT_COUNT):
            started, _, route, phase = struct.unpack_from(
                "QQII", self.bytes, base + index * IN_FLIGHT_BYTES
            )
            if started:
                found.append((None if route == 0xFFFFFFFF else self.rule(route), phase))
        return found


def attach(server: str = "other") -> None:
    probe.configure(SEGMENT, "probe-test", ["/bin/true"], {})
    assert probe.start(server), probe.trouble()


def environ(method: str = "GET", path: str = "/", **more: Any) -> dict[str, Any]:
    made: dict[str, Any] = {"REQUEST_METHOD": method, "PATH_INFO": path, **more}
    setup_testing_defaults(made)
    return made


def start_response(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
    return lambda data: None


def plain(environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"ok"]


def body_of(result: Any) -> bytes:
    """Reads a response as a server does."""
    try:
        return b"".join(result)
    finally:
        if hasattr(result, "close"):
            result.close()


def requests() -> int:
    return probe.state().get("requests", 0)


def wait_until(condition: Callable[[], Any], seconds: float = 15) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not come true"
        time.sleep(0.01)
