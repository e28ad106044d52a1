"""Takes connections and gives them back: what pool_checkout.py counts.

    stirbar run -- python benchmarks/pool_loop.py {queue,fair} CHECKOUTS
    stirbar run -- python benchmarks/pool_loop.py fair CHECKOUTS --pairs N --output FILE

The database does nothing at all. Every checkout is made 16 calls deep, so that there is a stack to
keep. The CHECKOUTS stand between two marks (mark.py). --pairs: batches of CHECKOUTS from a
QueuePool and from the subject in turn, in this process; their CPU time per checkout and checkin,
nanoseconds, as JSON: [[queue, subject], ...].
"""

from __future__ import annotations

import argparse
import gc
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import flask  # noqa: F401 - with it, `stirbar run` loads the probe
from mark import mark
from sqlalchemy.pool import QueuePool
from stirbar import engine
from stirbar.pool import FairPool

WARM_UP = 200
DEPTH = 16
POOLS: dict[str, type[QueuePool]] = {"queue": QueuePool, "fair": FairPool}


class Nothing:
    def rollback(self) -> None: ...

    def close(self) -> None: ...


def use(connect: Callable[[], Any], checkouts: int, depth: int = DEPTH) -> None:
    if depth > 1:
        return use(connect, checkouts, depth - 1)
    for _ in range(checkouts):
        connect().close()


def timed(connect: Callable[[], Any], checkouts: int) -> float:
    began = time.thread_time_ns()
    use(connect, checkouts)
    return (time.thread_time_ns() - began) / checkouts


def alternate(subject: QueuePool, checkouts: int, number: int) -> list[list[float]]:
    plain = QueuePool(Nothing)
    use(plain.connect, WARM_UP)
    pairs = []
    for turn in range(number):
        if turn % 2 == 0:
            first = timed(plain.connect, checkouts)
            pairs.append([first, timed(subject.connect, checkouts)])
        else:
            first = timed(subject.connect, checkouts)
            pairs.append([timed(plain.connect, checkouts), first])
    return pairs


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("subject", choices=POOLS)
    parser.add_argument("checkouts", type=int)
    parser.add_argument("--pairs", type=int, default=0)
    parser.add_argument("--output", type=Path)
    options = parser.parse_args()
    assert engine.native is not None, engine.missing_reason
    # Without the thread that knocks at the interpreter lock: callgrind slows all but the clock.
    if not engine.native.start("gunicorn", False):
        sys.exit(engine.native.trouble() or "not under `stirbar run`")
    pool = POOLS[options.subject](Nothing)
    use(pool.connect, WARM_UP)
    gc.collect()
    gc.freeze()
    if options.pairs:
        options.output.write_text(json.dumps(alternate(pool, options.checkouts, options.pairs)))
        return
    mark()
    use(pool.connect, options.checkouts)
    mark()


if __name__ == "__main__":
    main()
