"""What the programs of test_connection_book.py begin with: `from connections import *`."""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Any

import child
import parts
from child import *  # noqa: F403
from child import SEGMENT, environ, probe
from parts import call, hook

# Of src/segment/layout.h and pool_layout.h.
EVENTS_OFFSET, EVENT_BYTES, EVENT_COUNT = 536_576, 256, 1024
EVENT_KINDS = {19: "leaked", 20: "returned", 23: "slow query"}
POOL_NAMES_OFFSET, POOL_COUNT = 236_261_376, 16
POOLS_OFFSET, WORKER_POOLS_BYTES, STATS_BYTES = 236_265_472, 208_896, 1888
NEXT_LEAK, NEXT_SLOW, LEAKS, SLOW_QUERIES = 30_208, 30_216, 30_232, 39_448
CONNECTIONS, CONNECTION_BYTES, CONNECTION_COUNT = 43_840, 640, 256
COUNTERS = [
    "checkouts",
    "task_checkouts",
    "wait_ns",
    "hold_ns",
    "created",
    "connect_failures",
    "closed",
    "expired",
    "idle_closed",
    "invalidated",
    "pings",
    "ping_failures",
    "timeouts",
    "refused_full",
    "refused_throttled",
    "refused_unavailable",
    "leaks_suspect",
    "leaks_confirmed",
    "leaks_collected",
    "leaks_returned",
    "leaks_reclaimed",
]
KINDS = ("", "suspect", "confirmed", "collected")
HOLDERS = ("unknown", "raw", "connection", "session", "flask session")

__all__ = [*child.__all__, "Book", "attach_with", "call", "hook"]


class Book(parts.Parts):
    """The connections of this worker in the segment."""

    def pools_at(self) -> int:
        return POOLS_OFFSET + int(probe.state()["slot"]) * WORKER_POOLS_BYTES

    def words(self, form: str, at: int) -> tuple[Any, ...]:
        return struct.unpack_from(form, self.bytes, at)

    def text(self, at: int, length: int) -> str:
        return bytes(self.bytes[at : at + length]).split(b"\0")[0].decode()

    def pool_name(self, pool: int) -> str:
        return self.text(POOL_NAMES_OFFSET + pool * 128 + 16, 112) if pool else "(other)"

    def connections(self) -> list[dict[str, Any]]:
        found = []
        for index in range(CONNECTION_COUNT):
            at = self.pools_at() + CONNECTIONS + index * CONNECTION_BYTES
            state, leak, transaction, statements = self.words("IIQI", at)
            if not state:
                continue
            sequence, number = self.words("QQ", at + 24)
            assert sequence % 2 == 0
            pool, in_flight, route, thread, lane = self.words("5I", at + 64)
            found.append(
                {
                    "state": ("free", "connecting", "idle", "active")[state],
                    "leak": KINDS[leak],
                    "in_transaction": transaction != 0,
                    "statements": statements,
                    "number": number,
                    "pool": self.pool_name(pool),
                    "in_flight": in_flight,
                    "route": None if route == 0xFFFFFFFF else self.rule(route),
                    "thread": thread,
                    "lane": ("request", "task")[lane],
                }
            )
        return found

    def leaks(self) -> list[dict[str, Any]]:
        """The ring, oldest first."""
        (written,) = self.words("Q", self.pools_at() + NEXT_LEAK)
        found = []
        for number in range(max(0, written - 16), written):
            at = self.pools_at() + LEAKS + number % 16 * 576
            sequence, _, _, held = self.words("4Q", at)
            assert sequence == number + 1
            pool, route, thread, kind, holder, statements, reclaimed = self.words("7I", at + 32)
            code = self.words("Q", at + 64)[0]
            found.append(
                {
                    "pool": self.pool_name(pool),
                    "route": None if route == 0xFFFFFFFF else self.rule(route),
                    "kind": KINDS[kind],
                    "holder": HOLDERS[holder],
                    "statements": statements,
                    "reclaimed": reclaimed,
                    "thread": thread,
                    "held_seconds": held * 1e-9,
                    "code": code,
                }
            )
        return found

    def slow_queries(self) -> list[tuple[str, str, str | None, float]]:
        """(text, pool, route, seconds), oldest first."""
        (written,) = self.words("Q", self.pools_at() + NEXT_SLOW)
        found = []
        for number in range(max(0, written - 16), written):
            at = self.pools_at() + SLOW_QUERIES + number % 16 * 272
            sequence, _, duration = self.words("3Q", at)
            assert sequence == number + 1
            pool, route = self.words("II", at + 24)
            rule = None if route == 0xFFFFFFFF else self.rule(route)
            found.append((self.text(at + 32, 240), self.pool_name(pool), rule, duration * 1e-9))
        return found

    def stats(self, pool: str) -> dict[str, Any]:
        for index in range(1, POOL_COUNT):
            if self.pool_name(index) != pool:
                continue
            at = self.pools_at() + index * STATS_BYTES
            used, fair = self.words("II", at)
            assert used == 1
            return {
                "fair": fair,
                "active": self.words("I", at + 36)[0],
                **dict(zip(COUNTERS, self.words("21Q", at + 64), strict=True)),
            }
        raise AssertionError(f"no pool {pool}")

    def events(self) -> list[tuple[str, str]]:
        """(kind, text) of those about connections, oldest first."""
        found = []
        for index in range(EVENT_COUNT):
            at = EVENTS_OFFSET + index * EVENT_BYTES
            (number,) = self.words("Q", at)
            kind = EVENT_KINDS.get(self.words("I", at + 24)[0])
            if number and kind:
                found.append((number, kind, self.text(at + 64, 192)))
        return [(kind, text) for _, kind, text in sorted(found)]


def attach_with(**settings: float) -> None:
    """As attach(), and waits until the settings hold."""
    probe.configure(SEGMENT, "probe-test", ["/bin/true"], settings)
    assert probe.start("other"), probe.trouble()
    child.wait_until(lambda: probe.settings().items() >= settings.items())
    # The beat thread hands them to requests, ten times a second.
    beat = Book().get("heartbeat_ns")
    child.wait_until(lambda: Book().get("heartbeat_ns") > beat)
    beat = Book().get("heartbeat_ns")
    child.wait_until(lambda: Book().get("heartbeat_ns") > beat)


def request(work: Callable[[], Any]) -> Any:
    return call(work)


def stream(chunks: Callable[[], Any]) -> Any:
    """The body of a response that is made by the generator `chunks`."""

    def app(environ: Any, start_response: Any) -> Any:
        start_response("200 OK", [])
        return chunks()

    return probe.middleware(app)(environ(), child.start_response)


__all__ += ["request", "stream"]
