"""The segment of an app, read and written behind Stirbar's back: a supervisor made of a few lines.

Offsets are those of src/segment/layout.h.
"""

from __future__ import annotations

import mmap
import struct
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

SUPERVISOR, CONFIG, ROUTES, WORKERS = 4096, 8192, 12_288, 8_196_096
WORKER_BYTES, MOST_WORKERS = 1_781_760, 128
ADMISSION, IN_FLIGHT, STATS = 768, 24_832, 90_368
CRITICALITIES = ("critical", "normal", "sheddable", "background")
SOURCES = ("none", "header", "server", "socket")


@dataclass(frozen=True)
class InFlight:
    """One request that is being served."""

    route: str | None
    age_seconds: float
    queue_seconds: float
    source: str
    criticality: str
    deadline_seconds: float  # from its arrival
    limit_seconds: float
    client: bytes
    started_ns: int
    index: int
    slot: int


class SegmentFile:
    """Threads: any. All figures are those of all workers together."""

    def __init__(self, path: Path) -> None:
        with path.open("r+b") as file:
            self.bytes = mmap.mmap(file.fileno(), 0)

    def get(self, form: str, at: int) -> int:
        return int(struct.unpack_from(form, self.bytes, at)[0])

    def put(self, form: str, at: int, value: float) -> None:
        struct.pack_into(form, self.bytes, at, value)

    def workers(self) -> list[int]:
        """Offsets of the slots that are taken."""
        places = [WORKERS + slot * WORKER_BYTES for slot in range(MOST_WORKERS)]
        return [at for at in places if self.get("Q", at)]

    def rule(self, route: int) -> str:
        at = ROUTES + route * 256 + 16
        return bytes(self.bytes[at : at + 240]).split(b"\0")[0].decode()

    def routes(self) -> dict[str, dict[str, float]]:
        """Rule -> requests, refused, degraded, queue seconds."""
        found: dict[str, dict[str, float]] = {}
        for worker in self.workers():
            for route in range(64):
                words = struct.unpack_from("22Q", self.bytes, worker + STATS + route * 824)
                if not any(words):
                    continue
                row = found.setdefault(
                    self.rule(route),
                    {"requests": 0, "refused": 0, "degraded": 0, "queue_seconds": 0.0},
                )
                row["requests"] += sum(words[:5])
                row["refused"] += words[20]
                row["degraded"] += words[21]
                row["queue_seconds"] += words[9] * 1e-9
        return found

    def admission(self, name: str) -> int:
        """ "executor_depth", "capacity", "level": summed over the workers."""
        offset = {"level": 24, "executor_depth": 28, "capacity": 32}[name]
        return sum(self.get("I", worker + ADMISSION + offset) for worker in self.workers())

    def judged(self, name: str) -> dict[str, int]:
        """ "refused", "admitted" or "would_refuse", by criticality."""
        offset = {"refused": 40, "admitted": 72, "would_refuse": 104}[name]
        sums = [0] * len(CRITICALITIES)
        for worker in self.workers():
            words = struct.unpack_from("4Q", self.bytes, worker + ADMISSION + offset)
            sums = [one + other for one, other in zip(sums, words, strict=True)]
        return dict(zip(CRITICALITIES, sums, strict=True))

    def in_flight(self) -> list[InFlight]:
        found = []
        for slot, worker in enumerate(self.workers()):
            for index in range(256):
                at = worker + IN_FLIGHT + index * 256
                started, _, route = struct.unpack_from("QQI", self.bytes, at)
                if not started:
                    continue
                queue, source, criticality, deadline, limit = struct.unpack_from(
                    "QIIQQ", self.bytes, at + 40
                )
                found.append(
                    InFlight(
                        None if route == 0xFFFFFFFF else self.rule(route),
                        time.monotonic() - started * 1e-9,
                        queue * 1e-9,
                        SOURCES[source],
                        CRITICALITIES[criticality],
                        (deadline - started + queue) * 1e-9,
                        limit * 1e-9,
                        bytes(self.bytes[at + 96 : at + 112]),
                        started,
                        index,
                        slot,
                    )
                )
        return found

    def interrupt(self, request: InFlight) -> bool:
        """Orders it; whether it was still running."""
        at = self.workers()[request.slot] + 192
        self.put("I", at + 8, 2)
        self.put("I", at + 12, request.index)
        self.put("Q", at + 16, request.started_ns)
        order = self.get("Q", at) + 1
        self.put("Q", at, order)
        until = time.monotonic() + 10
        while self.get("Q", at + 24) != order:
            assert time.monotonic() < until, "the order was not carried out"
            time.sleep(0.01)
        return self.get("Q", at + 56) == 1


class FakeSupervisor:
    """A sign of life, and the orders that a test gives. A context manager."""

    def __init__(self, segment: SegmentFile) -> None:
        self.segment = segment
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._beat, daemon=True)

    def __enter__(self) -> FakeSupervisor:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        fault: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._stop.set()
        self._thread.join()

    def order(self, *, level: int = 0, backlog: int = 0, pressure: float = 0.0) -> None:
        """What holds from now on; workers know within 0.2 s."""
        self.segment.put("I", SUPERVISOR + 48, level)
        self.segment.put("I", SUPERVISOR + 52, backlog)
        self.segment.put("d", SUPERVISOR + 184, pressure)
        time.sleep(0.25)

    def _beat(self) -> None:
        while not self._stop.wait(0.1):
            self.segment.put("Q", SUPERVISOR + 8, time.monotonic_ns())
