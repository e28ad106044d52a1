"""The servers that a pool connects to: its own, and standbys while that one is gone.

Which one is tried, when a dead one is left alone and when it is tried again is decided in
src/probe/pool_targets.h; here is what opens the connections.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from stirbar import driver_errors
from stirbar.database_errors import DatabaseUnavailable
from stirbar.engine import logger, native
from stirbar.reconnector import Reconnector
from stirbar.target_urls import Opener

_UNAVAILABLE, _AVAILABLE = 1, 2


class Targets:
    """The servers of one pool, in the order of preference.

    Args:
        names: as they are shown.
        openers: what connects to them, in the same order.
        close: closes a connection.
        readonly: whether they are replicas.

    Failure: what the driver raised, where it was asked; `DatabaseUnavailable`, its last error as
    the cause, where no server is worth asking. That takes microseconds.
    """

    def __init__(
        self,
        names: list[str],
        openers: list[Opener],
        close: Callable[[Any], None],
        readonly: bool = False,
    ) -> None:
        self._names = names
        self._openers = openers
        self._close = close
        self._native = native.DatabaseTargets(names, readonly)
        self._errors: dict[int, BaseException] = {}
        self._reconnector = Reconnector(self)

    def set_pool(self, name: str) -> None:
        """Says as which pool these are shown."""
        self._native.set_pool(name)

    def set_name(self, target: int, name: str) -> None:
        """Says as what a server is shown."""
        self._names[target] = name
        self._native.set_name(target, name)

    def connect(self, record: Any = None) -> tuple[Any, int]:
        """A new connection and the index of the server that it is to."""
        tried = 0
        first: Exception | None = None
        while True:
            target, wait = self._native.choose(tried)
            if target < 0:
                raise first or self._unavailable(wait)
            try:
                return self._open(target, record), target
            except Exception as fault:
                if driver_errors.outcome_of(fault) == driver_errors.UNKNOWN:
                    raise
                first = first or fault
                tried |= 1 << target
                # As long as its breaker is closed this is its answer, and no other server is asked.
                if self._native.unavailable_seconds(target) == 0:
                    raise

    def on_return(self, target: int) -> bool:
        """Whether a connection to `target` that comes back shall be closed: to fail back."""
        return target > 0 and bool(self._native.fails_back(target))

    def broke(self, target: int, fault: BaseException | None) -> None:
        """A connection to `target` has broken in use."""
        label = "" if fault is None else driver_errors.label_of(fault)
        if fault is not None:
            self._errors[target] = driver_errors.without_traceback(fault)
        self._note(target, self._native.broke(target, label), label)

    # --- for the reconnector ----------------------------------------------------------------------

    def next_probe(self) -> tuple[int, float]:
        """As `Probed`."""
        target, seconds = self._native.next_probe()
        return int(target), float(seconds)

    def probe(self, target: int) -> None:
        """As `Probed`."""
        self._native.begin_probe(target)
        try:
            connection = self._open(target, None)
        except Exception as fault:
            if driver_errors.outcome_of(fault) == driver_errors.UNKNOWN:
                raise
            return
        try:
            self._close(connection)
        except Exception:  # it could be opened: that is what was asked
            logger.debug("closing a connection that was opened for a try", exc_info=True)

    # --- one try ----------------------------------------------------------------------------------

    def _open(self, target: int, record: Any) -> Any:
        began = time.monotonic_ns()
        try:
            connection = self._openers[target](record)
        except BaseException as fault:
            took = time.monotonic_ns() - began
            outcome = driver_errors.outcome_of(fault)
            label = ""
            if outcome != driver_errors.UNKNOWN:
                label = driver_errors.label_of(fault)
                self._errors[target] = driver_errors.without_traceback(fault)
            self._note(target, self._native.ended(target, outcome, took, label), label)
            raise
        took = time.monotonic_ns() - began
        self._note(target, self._native.ended(target, driver_errors.CONNECTED, took, ""), "")
        return connection

    def _note(self, target: int, changed: tuple[int, float], label: str) -> None:
        """Logs a change of state, once, and has the server tried again."""
        change, seconds = changed
        name = self._names[target]
        if change == _UNAVAILABLE:
            logger.warning(
                "the database server %s is unavailable (%s); it is left alone, and tried again now "
                "and then",
                name,
                label or "connections broke",
            )
        elif change == _AVAILABLE:
            logger.warning("the database server %s is available again, after %.1f s", name, seconds)
        if self._native.unavailable_seconds(target) > 0:
            self._reconnector.start()
        if change == _AVAILABLE:
            self._errors.pop(target, None)

    def _unavailable(self, wait: float) -> DatabaseUnavailable:
        self._reconnector.start()
        gone = (i for i in range(len(self._names)) if self._native.unavailable_seconds(i) > 0)
        target = next(gone, 0)
        fault = self._errors.get(target)
        reason = "its connections broke" if fault is None else driver_errors.label_of(fault)
        since = self._native.unavailable_seconds(target)
        return DatabaseUnavailable(
            f"the database server {self._names[target]} is unavailable since {since:.1f} s "
            f"({reason}); it is tried again in {wait:.1f} s",
            wait,
            fault,
        )
