"""Questions to a database server that never take longer than they may."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy.engine import Engine


@dataclass(frozen=True)
class Outcome:
    """What a question brought."""

    value: Any = None
    error: str | None = None  # class and number of the driver's error, or that none came in time
    seconds: float = 0.0


class DatabaseCheck:
    """Asks one database over a connection of its own, beside the pool, in a thread of its own.

    Not every driver has time-outs, and those that have some count each read: only a thread that is
    not waited for keeps the caller's deadline. One that hangs is left to the driver; until it ends,
    no second one is started. Threads: any.
    """

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self._busy = threading.Lock()

    def run(self, question: Callable[[Any, str], Any], timeout: float) -> Outcome:
        """Runs `question(cursor, dialect name)`; its result, or why there is none."""
        began = time.monotonic()
        if not self._busy.acquire(timeout=timeout):
            return Outcome(error="an earlier check still waits for an answer", seconds=timeout)
        outcome: list[Outcome] = []
        ended = threading.Event()

        def ask() -> None:
            try:
                value = self._ask(question)
                outcome.append(Outcome(value, None, time.monotonic() - began))
            except Exception as fault:
                outcome.append(Outcome(None, describe(fault), time.monotonic() - began))
            finally:
                self._busy.release()
                ended.set()

        try:
            threading.Thread(target=ask, name="stirbar-database-check", daemon=True).start()
        except RuntimeError:  # no more threads to be had
            self._busy.release()
            return Outcome(error="no thread to ask it in")
        if not ended.wait(max(0.0, began + timeout - time.monotonic())):
            return Outcome(error=f"no answer within {timeout:g} s", seconds=timeout)
        return outcome[0]

    def _ask(self, question: Callable[[Any, str], Any]) -> Any:
        # The pool's way to connect, with all that the app has told the engine, but not its queue.
        connection = self.engine.pool._invoke_creator(None)  # type: ignore[arg-type]
        try:
            cursor = connection.cursor()
            try:
                return question(cursor, self.engine.dialect.name)
            finally:
                cursor.close()
        finally:
            connection.close()


def describe(fault: BaseException) -> str:
    """Class and number of an error. Its text is left out: drivers put hosts and values into it."""
    number = fault.args[0] if fault.args and isinstance(fault.args[0], int) else None
    name = type(fault).__name__
    return name if number is None else f"{name} {number}"
