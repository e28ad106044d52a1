"""What joins a pool with its servers: targets, standbys and replicas."""

from __future__ import annotations

import functools
import weakref
from collections.abc import Callable
from typing import Any

from sqlalchemy.pool import QueuePool

from stirbar import driver_errors
from stirbar.database_errors import DatabaseUnavailable
from stirbar.readonly_work import is_readonly
from stirbar.target_urls import name_of, openers, parse_urls
from stirbar.targets import Targets

_TARGET = "_stirbar_target"


class PoolServers:
    """The servers of one pool, and of the pool that takes its place (``engine.dispose()``).

    Replicas have a pool of their own beside it, with the same options and the same listeners: so a
    connection to one never gets among those that may write.

    Args:
        pool: whose they are.
        fallback: URLs of standbys, in the order in which they are tried.
        replicas: URLs of servers for read-only work.

    Raises:
        ValueError: a URL is none, or of another kind of database, or there are too many.
    """

    def __init__(self, pool: Any, fallback: Any = None, replicas: Any = None) -> None:
        # Of a pool that lives: the pool asks. (Not held: it holds this.)
        self._pool: Callable[[], Any] = weakref.ref(pool)
        urls = parse_urls("fallback", fallback)
        self._replicas = parse_urls("replicas", replicas)
        self._replica_pool: Any = None
        others = openers(pool._dialect, pool._creator, urls)
        openers(pool._dialect, pool._creator, self._replicas)  # refused now, if at all
        self.targets = Targets(
            ["its own server", *(name_of(url) for url in urls)], [self._own, *others], self._close
        )
        self.bind(pool)

    def bind(self, pool: Any) -> None:
        """`pool` is whose they are from now on."""
        self._pool = weakref.ref(pool)
        if self._replicas:
            pool.connect = functools.partial(self.connect, weakref.ref(pool))
            if self._replica_pool is not None:
                self._replica_pool = self._replica_pool.recreate()

    def set_names(self, pool: str, server: str | None = None) -> None:
        """As what the pool and its own server are shown."""
        self.targets.set_pool(pool)
        if server is not None:
            self.targets.set_name(0, server)

    def open(self, pool: Any, record: Any) -> tuple[Any, int]:
        """A new connection of `pool` for `record`, and the index of its server."""
        if self._pool() is not pool:  # one that was replaced, and is used all the same
            self._pool = weakref.ref(pool)
        connection, target = self.targets.connect(record)
        if record is not None:
            setattr(record, _TARGET, target)
        return connection, target

    def broke(self, connection: Any, fault: BaseException | None) -> None:
        """`connection` (a fairy) has broken while a statement used it."""
        record = getattr(connection, "_connection_record", None)
        target = getattr(record, _TARGET, None)
        if target is not None:
            self.targets.broke(target, fault)

    def connect(self, of: Callable[[], Any]) -> Any:
        """What ``Pool.connect`` does, for a pool with replicas."""
        if is_readonly():
            try:
                return self._beside(of()).connect()
            except Exception as fault:
                gone = isinstance(fault, DatabaseUnavailable)
                if not gone and driver_errors.outcome_of(fault) != driver_errors.FAILED:
                    raise
        return QueuePool.connect(of())

    def dispose(self) -> None:
        """Closes the idle connections to replicas."""
        if self._replica_pool is not None:
            self._replica_pool.dispose()

    def _beside(self, pool: Any) -> Any:
        """The pool of the replicas, made when it is first needed: all listeners are there then."""
        if self._replica_pool is None:
            beside = pool._alike()
            beside.__dict__["dispatch"] = pool.dispatch
            beside._take_name(f"{pool._name} replicas")
            beside._servers.targets = Targets(
                [name_of(url) for url in self._replicas],
                openers(pool._dialect, pool._creator, self._replicas),
                self._close,
                readonly=True,
            )
            beside._servers.set_names(beside._name)
            self._replica_pool = beside
        return self._replica_pool

    def _own(self, record: Any) -> Any:
        return self._pool().__dict__["_invoke_creator"](record)

    def _close(self, connection: Any) -> None:
        self._pool()._dialect.do_close(connection)
