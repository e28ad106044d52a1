"""What the programs of test_time_parts.py begin with: `from parts import *`."""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Any

import child
from child import *  # noqa: F403
from child import IN_FLIGHT_BYTES, IN_FLIGHT_COUNT, IN_FLIGHT_OFFSET, Rows, environ, probe

# Of src/segment/layout.h.
PARTS = ("sql", "redis", "http", "lock", "garbage")
ACTIVITIES = ("", "sql", "redis", "http", "checkout")
NEXT_SLOW_OFFSET, SLOW_OFFSET, SLOW_BYTES, SLOW_COUNT = 1552, 1560, 912, 16
HOST_ENTRIES_OFFSET, HOST_ENTRY_BYTES, HOST_COUNT = 8_179_712, 128, 128
HOST_STATS_OFFSET, HOST_STATS_BYTES = 16_152, 64

__all__ = [*child.__all__, "Parts", "call", "hook"]


class Parts(Rows):
    """The parts of requests, slow requests and hosts in the segment."""

    def at(self) -> int:
        return self.worker(probe.state()["slot"])

    def now(self) -> dict[str, Any]:
        """The one request in flight."""
        for index in range(IN_FLIGHT_COUNT):
            at = self.at() + IN_FLIGHT_OFFSET + index * IN_FLIGHT_BYTES
            if struct.unpack_from("Q", self.bytes, at)[0]:
                since, activity = struct.unpack_from("QI", self.bytes, at + 72)
                held = struct.unpack_from("Q", self.bytes, at + 88)[0]
                return {
                    "activity": ACTIVITIES[activity],
                    "since": since,
                    "connection_since": held,
                    **self._parts(at + 112, "5Q5I"),
                }
        raise AssertionError("no request is in flight")

    def _parts(self, at: int, form: str) -> dict[str, Any]:
        words = struct.unpack_from(form, self.bytes, at)
        return {
            "ns": dict(zip(PARTS, words[:5], strict=True)),
            "calls": dict(zip(PARTS, words[5:], strict=True)),
        }

    def counted_parts(self) -> dict[str, Any]:
        """Of the unmatched route."""
        return self._parts(self.at() + child.STATS_OFFSET + 80, "5Q5Q")

    def slow(self) -> list[dict[str, Any]]:
        """The records, oldest first."""
        written = struct.unpack_from("Q", self.bytes, self.at() + NEXT_SLOW_OFFSET)[0]
        found = []
        for number in range(max(0, written - SLOW_COUNT), written):
            at = self.at() + SLOW_OFFSET + (number % SLOW_COUNT) * SLOW_BYTES
            assert struct.unpack_from("Q", self.bytes, at)[0] == number + 1
            status = struct.unpack_from("I", self.bytes, at + 112)[0]
            statements = []
            for i in range(3):
                ns, calls, _, text = struct.unpack_from("QII240s", self.bytes, at + 144 + i * 256)
                if text[0]:
                    statements.append((text.split(b"\0")[0].decode(), calls, ns))
            found.append(
                {
                    "duration_ns": struct.unpack_from("Q", self.bytes, at + 24)[0],
                    "status": status,
                    "slow": struct.unpack_from("I", self.bytes, at + 124)[0],
                    "statements": statements,
                    **self._parts(at + 40, "5Q5I"),
                }
            )
        return found

    def hosts(self) -> dict[str, dict[str, int]]:
        names = (
            "calls",
            "failures",
            "timeouts",
            "defaulted",
            "sum_ns",
            "max_ns",
            "open",
            "refused",
        )
        found = {}
        for index in range(HOST_COUNT):
            at = HOST_ENTRIES_OFFSET + index * HOST_ENTRY_BYTES
            state = struct.unpack_from("I", self.bytes, at)[0]
            words = struct.unpack_from(
                "8Q", self.bytes, self.at() + HOST_STATS_OFFSET + index * HOST_STATS_BYTES
            )
            name = bytes(self.bytes[at + 16 : at + 128]).split(b"\0")[0].decode()
            if state == 2 and any(words):
                found[name] = dict(zip(names, words, strict=True))
        return found


def hook() -> None:
    """What `stirbar run` and Stirbar(app) do."""
    from stirbar import libraries

    libraries.hook_loaded_libraries()


def call(work: Callable[[], Any]) -> Any:
    """`work` in a request; what it returns."""
    results = []

    def app(environ: Any, start_response: Any) -> list[bytes]:
        results.append(work())
        start_response("200 OK", [])
        return []

    probe.middleware(app)(environ(), child.start_response)
    return results[0]
