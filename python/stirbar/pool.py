"""A pool of database connections that serves who waits in the order in which they came.

`FairPool` is SQLAlchemy's `QueuePool` with another core: what gets free is handed to whoever waits
longest, in the same step, so that nobody is overtaken; a connect that fails lets the next one try;
connections are replaced, pinged and closed by age, in the background.

The core is native (src/probe/pool_type.cc). Here is what calls drivers: opening, closing, pinging.
"""

from __future__ import annotations

import _thread
import collections
import random
import threading
import weakref
from types import BuiltinFunctionType
from typing import Any

from sqlalchemy.pool import Pool, QueuePool

from stirbar import pool_upkeep
from stirbar.database_errors import PoolFull, PoolThrottled, PoolTimeout
from stirbar.engine import native
from stirbar.pool_servers import PoolServers

if native is None:
    raise ImportError("stirbar.pool needs the native part of Stirbar")

# Pools that are in use, by the name under which the segment knows them.
_names: weakref.WeakValueDictionary[str, FairPool] = weakref.WeakValueDictionary()


class _IdleQueue:
    """The idle connections, as the queue of a QueuePool: for code that looks there."""

    def __init__(self, pool: FairPool) -> None:
        self._of = pool
        self.maxsize = pool.size()
        self.use_lifo = pool._use_lifo

    def qsize(self) -> int:
        return self._of.checkedin()

    def empty(self) -> bool:
        return self.qsize() == 0

    def full(self) -> bool:
        return 0 < self.maxsize <= self.qsize()

    @property
    def queue(self) -> collections.deque[Any]:
        return collections.deque(self._of._idle_records())

    @queue.setter
    def queue(self, records: collections.deque[Any]) -> None:
        for record in self._of._idle_records():
            if record not in records and self._of._take_out(record):
                self._of._drop(record, 0)


_Core: Any = native.PoolCore


class FairPool(_Core, QueuePool):  # type: ignore[misc]
    """First-come, first-served. All arguments are `sqlalchemy.pool.QueuePool`'s.

    Requests come before work outside any request, which leaves them the last tenth of the
    connections. A checkout waits no longer than its request may take.

    Args:
        recycle: seconds after which a connection is replaced; -1: the setting ``pool_lifetime``.
        pre_ping: pings at each checkout; without it, only what has idled for ``pool_ping_after``.
        fallback: URLs of standbys, in order: what connects while the engine's server is gone.
        replicas: URLs of servers for work within `stirbar.readonly`.
    """

    # Named one by one: `create_engine` reads the names of options from here.
    def __init__(
        self,
        creator: Any,
        pool_size: int = 5,
        max_overflow: int = 10,
        timeout: float | None = 30.0,
        use_lifo: bool = False,
        recycle: int = -1,
        echo: Any = None,
        logging_name: str | None = None,
        reset_on_return: Any = True,
        events: Any = None,
        dialect: Any = None,
        pre_ping: bool = False,
        fallback: Any = None,
        replicas: Any = None,
        _dispatch: Any = None,
    ) -> None:
        Pool.__init__(
            self,
            creator,
            recycle=recycle,
            echo=echo,
            logging_name=logging_name,
            reset_on_return=reset_on_return,
            events=events,
            dialect=dialect,
            pre_ping=pre_ping,
            _dispatch=_dispatch,
        )
        self._pool_size = pool_size
        self._use_lifo = use_lifo
        self._max_overflow = max_overflow
        self._timeout = timeout  # type: ignore[assignment]
        self._set_size(pool_size, use_lifo)
        self._servers = PoolServers(self, fallback, replicas)
        self._take_name(logging_name or f"{getattr(dialect, 'name', None) or 'pool'}://")
        pool_upkeep.apply_settings(self, pool_upkeep.settings())
        pool_upkeep.watch(self)

    def _take_name(self, name: str) -> None:
        """The name for the segment; of several pools of one name, each gets its own."""
        wanted, number = name, 2
        while _names.get(name, self) is not self:
            name = f"{wanted} #{number}"
            number += 1
        if _names.get(self._name) is self:
            del _names[self._name]
        _names[name] = self
        self._set_name(name)
        self._servers.set_names(name)

    # ------------------------------------------------------------------------ one connection

    def _open(self, record: Any) -> tuple[Any, int]:
        """Makes a DBAPI connection for `record`. Returns it, and the index of its target."""
        return self._servers.open(self, record)

    def _fails_back(self, target: int) -> bool:
        """Whether a connection to that server, which comes back, shall be closed."""
        return self._servers.targets.on_return(target)

    def _invalidate(
        self, connection: Any, exception: BaseException | None = None, _checkin: bool = True
    ) -> None:
        owner = getattr(connection, "_pool", None)
        if owner is not self and isinstance(owner, FairPool):  # of the replicas
            owner._invalidate(connection, exception, _checkin)
            return
        if _checkin:  # else one that has idled, which says nothing of its server
            self._servers.broke(connection, exception)
        super()._invalidate(connection, exception, _checkin)

    @property
    def _invoke_creator(self) -> Any:
        """What a record calls to get connected, the first time or again."""
        return self._connect_record

    @_invoke_creator.setter
    def _invoke_creator(self, creator: Any) -> None:
        self.__dict__["_invoke_creator"] = creator

    @_invoke_creator.deleter
    def _invoke_creator(self) -> None:
        del self.__dict__["_invoke_creator"]

    def _connect_record(self, record: Any) -> Any:
        if record is None:  # somebody wants a connection, not one of the pool
            return self._open(record)[0]
        self._opening(record)
        try:
            connection, target = self._open(record)
        except BaseException:
            self._open_failed(record)
            raise
        self._opened(record, target)
        pool_upkeep.begin()
        return connection

    def _renew(self, record: Any, expired: bool) -> bool:
        """One that has idled is to be given out: pings it, or closes it. Whether it lives."""
        if expired:
            record.close()
            return False
        return pool_upkeep.answers(self, record)

    # ------------------------------------------------------------------------------ waiting

    def _breathe(self) -> None:
        """Lets an asynchronous exception reach a thread that waits in native code."""

    def _event(self) -> threading.Event | None:
        """What a waiter waits on where greenlets take turns (monkey-patched); None elsewhere."""
        if isinstance(_thread.allocate_lock, BuiltinFunctionType):
            return None
        return threading.Event()

    def _refuse(self, why: str | None, waited: float) -> None:
        """Nothing came free in time, too many wait already ("full"), or it is not let in
        ("throttled")."""  # noqa: D205, D209
        holders = getattr(native, "holders_text", lambda name: "")(self._name)
        kind, reason = {
            "full": (PoolFull, "too many wait for one already"),
            "throttled": (PoolThrottled, "and the rest is left to requests of higher priority"),
        }.get(why or "", (PoolTimeout, f"connection timed out, timeout {self._timeout or 0:0.2f}"))
        raise kind(
            f"QueuePool limit of size {self.size()} overflow {self.overflow()} reached, {reason}"
            + (f"; {holders}" if holders else ""),
            # About as long as it waited, spread: those refused together shall not all come back
            # together.
            retry_after=max(1.0, waited * (0.5 + random.random())),
        )

    # ----------------------------------------------------------------------------- the pool

    def recreate(self) -> FairPool:
        """A pool with the same options, the same listeners, and no connections."""
        self.logger.info("Pool recreating")
        pool = self._alike()
        pool._servers = self._servers
        pool._servers.bind(pool)
        name = self._name
        if _names.get(name) is self:
            del _names[name]
        pool._take_name(name)
        return pool

    def _alike(self) -> FairPool:
        """Another one with the same options and listeners."""
        return self.__class__(
            self._creator,
            pool_size=self._pool_size,
            max_overflow=self._max_overflow,
            timeout=self._timeout,
            use_lifo=self._use_lifo,
            recycle=self._recycle,
            echo=self.echo,
            logging_name=self._orig_logging_name,
            reset_on_return=self._reset_on_return,
            dialect=self._dialect,
            pre_ping=self._pre_ping,
            _dispatch=self.dispatch,
        )

    def dispose(self) -> None:
        """Closes the idle connections; those that are out are kept when they come back."""
        while (record := self._take_idle()) is not None:
            try:
                record.close()
            finally:
                self._drop(record, 0)
        self._servers.dispose()
        self.logger.info("Pool disposed. %s", self.status())

    def status(self) -> str:
        """The figures below, in QueuePool's words."""
        return (
            f"Pool size: {self.size()}  Connections in pool: {self.checkedin()} "
            f"Current Overflow: {self.overflow()} Current Checked out "
            f"connections: {self.checkedout()}"
        )

    def size(self) -> int:
        """``pool_size``."""
        return self._pool_size

    def timeout(self) -> float:
        """``pool_timeout``."""
        return self._timeout

    def checkedin(self) -> int:
        """Idle connections."""
        return int(self._figures()[0])

    def checkedout(self) -> int:
        """Connections in use or being opened."""
        return int(sum(self._figures()[1:3]))

    @property
    def _pool(self) -> _IdleQueue:  # type: ignore[override]
        return _IdleQueue(self)

    @property
    def _overflow(self) -> int:  # type: ignore[override]
        return int(sum(self._figures()[:3])) - self._pool_size

    def overflow(self) -> int:
        """Open connections beyond the size; negative while there are fewer."""
        return self._overflow if self._pool_size else 0
