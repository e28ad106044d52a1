"""Tries servers that are left alone, in the background, so that no request waits for a dead one."""

from __future__ import annotations

import threading
import weakref
from typing import Any, Protocol

from stirbar.engine import logger, native


class Probed(Protocol):
    """What the reconnector works for."""

    def next_probe(self) -> tuple[int, float]:
        """The target to try and in how many seconds; -1: none."""
        ...

    def probe(self, target: int) -> None:
        """Opens a connection to `target`, notes how that went, and closes it."""
        ...


class Reconnector:
    """A thread that lives as long as there is something to try.

    Only in a process that serves requests: in a server's master a thread would be there at the
    fork. Without it (and where threads do not run) requests try, one at a time (pool_targets.h).
    """

    def __init__(self, probed: Probed) -> None:
        self._probed: weakref.ref[Any] = weakref.ref(probed)
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Starts the thread unless it runs. Cheap then."""
        thread = self._thread
        if thread is not None and thread.is_alive():  # it is not in the child of a fork
            return
        if not native.state():
            return
        with self._lock:
            if self._thread is not thread:
                return
            self._thread = threading.Thread(target=self._run, name="stirbar-reconnect", daemon=True)
            try:
                self._thread.start()
            except RuntimeError:  # no more threads, or the interpreter ends
                self._thread = thread

    def _run(self) -> None:
        pause = threading.Event()  # never set: its wait is what gevent can patch
        while True:
            probed = self._probed()
            if probed is None:
                return
            try:
                target, seconds = probed.next_probe()
                if target < 0:
                    return
                if seconds <= 0:
                    probed.probe(target)
            except Exception:
                native.count_fault()
                logger.warning("reconnecting to a database has stopped", exc_info=True)
                return
            del probed  # a pool that nobody uses any more ends this
            if seconds > 0:
                pause.wait(seconds)
