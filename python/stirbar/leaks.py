"""Taking connections back that their requests have forgotten (setting ``pool_leak_reclaim``).

A leaked connection is held by SQLAlchemy's proxy of it (``_ConnectionFairy``), which the app may
still have somewhere. That proxy is made unusable first: who uses it later gets
`ConnectionReclaimed`, and never a connection that by then is another's. Then the connection goes
the way of one whose proxy is closed: rolled back and returned to the pool, or closed.

Written for SQLAlchemy 1.4, 2.0 and 2.1, whose proxies have the same attributes (`_PROXY_STATE`).
"""

from __future__ import annotations

import sys
import weakref
from typing import Any

from sqlalchemy.exc import ResourceClosedError
from sqlalchemy.pool.base import _ConnectionFairy  # what connect() hands out; no public name

from stirbar.engine import logger, native

_RETURN, _CLOSE = 1, 2  # of pool_leak_close off and on; LeakReclaim in connection_leaks.h
_PROXY_STATE = ("_pool", "dbapi_connection", "_connection_record", "_echo", "_counter")

# Who refers to a DBAPI connection that nobody uses: SQLAlchemy's record and its proxy, the variable
# of _reclaim() and the one of _is_in_use(), and getrefcount()'s own argument.
_OWN_REFERENCES = 5


class ConnectionReclaimed(ResourceClosedError):
    """The connection was still held when its request had ended, and Stirbar has taken it back."""


class _ReclaimedFairy(_ConnectionFairy):
    """What the proxy of a reclaimed connection becomes. Closing it does nothing."""

    __slots__ = ()

    def cursor(self, *args: Any, **kwargs: Any) -> Any:
        raise _error()

    def commit(self) -> None:
        raise _error()

    def rollback(self) -> None:
        """Done already."""

    def close(self) -> None:
        """Done already."""

    def detach(self) -> None:
        raise _error()

    def invalidate(self, e: BaseException | None = None, soft: bool = False) -> None:
        """It is nobody's any more."""

    def _checkin(self, transaction_was_reset: bool = False) -> None:
        """Done already."""

    _close = _checkin

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        raise _error()


def _error() -> ConnectionReclaimed:
    return ConnectionReclaimed(
        "this connection was still held when its request had ended, and was taken back "
        "(pool_leak_reclaim)"
    )


def reclaim(mode: int) -> int:
    """Takes all confirmed leaks back, in the running thread; `mode`: 1 rolls back and returns them,
    2 closes them. Returns how many it got; a fault of one is logged and leaves the others alone.

    Called by the probe when a request has ended.
    """
    got = 0
    for record in native.leaks_to_reclaim(mode):
        try:
            got += _reclaim(record, mode)
        except Exception:
            native.count_fault()
            logger.warning("a leaked connection cannot be taken back", exc_info=True)
    return got


def _reclaim(record: Any, mode: int) -> bool:
    fairy = record.fairy_ref() if record.fairy_ref is not None else None
    if not isinstance(fairy, _ConnectionFairy) or fairy._connection_record is not record:
        return False  # it came back in the meantime
    connection = fairy.dbapi_connection
    if mode == _RETURN and _is_in_use(connection):
        # A cursor, or the driver's own connection, in somebody's hands would go on to work on what
        # is another's by then.
        mode = _CLOSE
    own = _take_over(fairy, record)
    if mode == _CLOSE:
        own.invalidate()  # and returns the empty record
    else:
        own._checkin()
    return True


def _is_in_use(connection: Any) -> bool:
    return sys.getrefcount(connection) > _OWN_REFERENCES or weakref.getweakrefcount(connection) != 0


def _take_over(fairy: Any, record: Any) -> Any:
    """A proxy of its own for the connection of `fairy`, which has none from then on."""
    finalizer = getattr(fairy, "_finalizer", None)  # 2.1; before, a weak reference's callback
    if finalizer is not None:
        finalizer.detach()
    own = _ConnectionFairy.__new__(_ConnectionFairy)
    for name in (*_PROXY_STATE, *(("_finalizer",) if finalizer is not None else ())):
        setattr(own, name, getattr(fairy, name))
    record.fairy_ref = weakref.ref(own)
    fairy.dbapi_connection = None
    fairy._connection_record = None
    fairy.__class__ = _ReclaimedFairy
    return own
