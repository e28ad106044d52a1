"""B6: who waits for a connection, and how long: Stirbar's pool, SQLAlchemy's QueuePool beside it.

Starvation: a pool of 5 + 0 connections, of which five background loops take one, hold it for 2 ms
and take it again at once, and one requester after the other, which give up after 5 s. Turns: 64
threads on a pool of 5 + 10, each holding for 1 ms, again and again; the longest wait against the
mean one, and Jain's fairness index of how often each was served, (sum x)^2 / (n sum x^2): 1 when
all were served alike, 1/n when one had everything (Jain, Chiu, Hawe: DEC-TR-301, 1984).

Starvation is measured on MariaDB, a server of the benchmark's own, where it and PyMySQL are
installed, else on a sleep; turns on a sleep, so that only the pool is measured.

Unit: milliseconds, time-outs, ratios.
"""

from __future__ import annotations

import contextlib
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import figure
import processes
import sqlalchemy
import sqlalchemy.exc
from figure import Figure
from sqlalchemy.pool import QueuePool
from stirbar.pool import FairPool

TIMEOUT_SECONDS = 5.0
BACKGROUND_HOLD_SECONDS = 0.002
HOLD_SECONDS = 0.001
THREADS = 64


class Sleeping:
    """A connection to a database that only takes its time."""

    def query(self, seconds: float) -> None:
        time.sleep(seconds)

    def rollback(self) -> None: ...

    def close(self) -> None: ...


class Pool:
    """Of `kind`, over the database."""

    def __init__(self, kind: type[QueuePool], size: int, overflow: int, url: str = "") -> None:
        options: dict[str, Any] = {"pool_size": size, "max_overflow": overflow}
        self._sql = bool(url)
        if url:
            engine = sqlalchemy.create_engine(
                url, poolclass=kind, pool_timeout=TIMEOUT_SECONDS, **options
            )
            self._pool = engine.pool
        else:
            self._pool = kind(Sleeping, timeout=TIMEOUT_SECONDS, **options)
        # Opening them is not waiting for them.
        for connection in [self._pool.connect() for _ in range(size)]:
            connection.close()

    def use(self, seconds: float) -> float:
        """Takes a connection, and a query's time. Returns how long it waited."""
        began = time.monotonic()
        connection = self._pool.connect()
        waited = time.monotonic() - began
        if self._sql:
            cursor = connection.cursor()
            cursor.execute(f"select sleep({seconds})")
            cursor.fetchall()
            cursor.close()
        else:
            connection.query(seconds)
        connection.close()
        return waited


@contextlib.contextmanager
def mariadb_url() -> Iterator[str]:
    """Of a server that ends with the benchmark; empty where there can be none."""
    sys.path.insert(0, str(processes.ROOT / "tests" / "integration"))
    try:
        import mariadb
    except ImportError:
        yield ""
        return
    with tempfile.TemporaryDirectory() as folder:
        server = mariadb.MariaDb(mariadb.install(Path(folder)), Path(folder))
        try:
            yield server.start().url()
        finally:
            server.close()


def repeat(work: Callable[[], None], number: int, seconds: float) -> None:
    """`work` in `number` threads, again and again for so long."""
    stop = threading.Event()

    def run() -> None:
        while not stop.is_set():
            work()

    threads = [threading.Thread(target=run) for _ in range(number)]
    for thread in threads:
        thread.start()
    time.sleep(seconds)
    stop.set()
    for thread in threads:
        thread.join()


@dataclass
class Starved:
    waits: list[float] = field(default_factory=list)
    timeouts: int = 0
    background: int = 0


def starve(kind: type[QueuePool], seconds: float, url: str) -> Starved:
    pool = Pool(kind, 5, 0, url)
    found = Starved()
    end = time.monotonic() + seconds

    def background() -> None:
        try:
            pool.use(BACKGROUND_HOLD_SECONDS)
            found.background += 1
        except sqlalchemy.exc.TimeoutError:
            found.timeouts += 1

    def requests() -> None:
        while time.monotonic() < end:
            try:
                found.waits.append(pool.use(HOLD_SECONDS))
            except sqlalchemy.exc.TimeoutError:
                found.timeouts += 1

    requester = threading.Thread(target=requests)
    requester.start()
    repeat(background, 5, seconds)
    requester.join()
    return found


@dataclass
class Turns:
    waits: list[float]
    served: list[int]

    @property
    def jain(self) -> float:
        squares = sum(each * each for each in self.served)
        return sum(self.served) ** 2 / (len(self.served) * squares) if squares else 0.0


def take_turns(kind: type[QueuePool], seconds: float) -> Turns:
    pool = Pool(kind, 5, 10)
    waits: list[float] = []
    served: dict[int, int] = {}
    # While all threads run: neither while they start nor while they end. Who waits on at the end
    # counts with the wait until then.
    warm = time.monotonic() + 0.5
    end = warm + seconds

    def work() -> None:
        began = time.monotonic()
        waited = min(pool.use(HOLD_SECONDS), end - began)
        if began + waited > warm and waited > 0:
            waits.append(waited)
            me = threading.get_ident()
            served[me] = served.get(me, 0) + 1

    repeat(work, THREADS, seconds + 0.6)
    return Turns(waits, [*served.values(), *[0] * (THREADS - len(served))])


def starvation_figures(seconds: float) -> list[Figure]:
    with mariadb_url() as url:
        ours, theirs = starve(FairPool, seconds, url), starve(QueuePool, seconds, url)

    def beside(text: str) -> str:
        return f"QueuePool: {text}"

    longest = max(ours.waits, default=TIMEOUT_SECONDS)
    their_longest = TIMEOUT_SECONDS if theirs.timeouts else max(theirs.waits, default=0.0)
    what = f"on a pool of 5 with five background loops{', MariaDB' if url else ''}"
    return [
        Figure("B6", f"time-outs in {seconds:g} s {what}", ours.timeouts, "", limit=0,
               ratio=beside(f"{theirs.timeouts}")),
        Figure("B6", f"longest wait {what}", longest * 1e3, "ms", limit=50,
               ratio=beside(f"{their_longest * 1e3:,.0f} ms")),
        Figure("B6", f"requests served {what}", len(ours.waits), "",
               ratio=beside(f"{len(theirs.waits)}; the loops: {ours.background:,} holds, "
                            f"with QueuePool {theirs.background:,}")),
    ]  # fmt: skip


def turn_figures(seconds: float, rounds: int) -> list[Figure]:
    ratios: list[float] = []
    jains: list[float] = []
    their_ratios: list[float] = []
    their_jains: list[float] = []
    longest = their_longest = 0.0
    for _ in range(rounds):
        ours, theirs = take_turns(FairPool, seconds), take_turns(QueuePool, seconds)
        ratios.append(max(ours.waits) / statistics.mean(ours.waits))
        their_ratios.append(max(theirs.waits) / statistics.mean(theirs.waits))
        jains.append(ours.jain)
        their_jains.append(theirs.jain)
        longest = max(longest, *ours.waits)
        their_longest = max(their_longest, *theirs.waits)
    what = f"{THREADS} threads, holds of 1 ms"
    return [
        Figure("B6", f"longest wait / mean wait, {what}", statistics.median(ratios), "x",
               min(ratios), max(ratios), f"{rounds} rounds", limit=2,
               ratio=f"{longest * 1e3:.0f} ms; QueuePool: {statistics.median(their_ratios):.0f} x, "
                     f"{their_longest * 1e3:,.0f} ms"),
        Figure("B6", f"Jain's index, {what}", statistics.median(jains), "", min(jains), max(jains),
               f"{rounds} rounds", limit=0.99, at_least=True,
               ratio=f"QueuePool: {statistics.median(their_jains):.2f}"),
    ]  # fmt: skip


def measure(quick: bool) -> list[Figure]:
    return [
        *starvation_figures(3.0 if quick else 12.0),
        *turn_figures(1.0 if quick else 3.0, 1 if quick else 5),
    ]


if __name__ == "__main__":
    figure.main(__doc__, measure)
