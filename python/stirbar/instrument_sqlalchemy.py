"""SQLAlchemy 1.4 and 2.x: time in SQL, the statements of a request, connections held.

Statements are timed at the dialect's documented methods (``Dialect.do_execute``), not by engine
events: listeners on an engine make SQLAlchemy look for six kinds of them at each statement, several
thousand instructions, and a statement that fails or is cut off by an asynchronous exception has a
begin and no end. Asynchronous engines are left alone.
"""

from __future__ import annotations

import functools
import inspect
import os
from collections.abc import Callable
from types import ModuleType
from typing import Any

from stirbar.engine import logger, native
from stirbar.pool_names import name_pool, pool_name
from stirbar.pool_options import use_fair_pools

Listen = Callable[..., None]

_STATEMENTS = ("do_execute", "do_executemany", "do_execute_no_params")
_CONNECTION = ("connect",)
_TRANSACTION_END = ("do_commit", "do_rollback")


def hook_sqlalchemy(module: ModuleType) -> None:
    """Once ``sqlalchemy`` is imported."""
    from sqlalchemy import event
    from sqlalchemy.engine import Dialect, Engine
    from sqlalchemy.engine.default import DefaultDialect
    from sqlalchemy.pool import QueuePool

    for name in (*_STATEMENTS, *_CONNECTION, *_TRANSACTION_END):
        if not callable(getattr(DefaultDialect, name, None)):
            raise TypeError(f"SQLAlchemy {module.__version__}: no Dialect.{name}")
    _time_class(DefaultDialect)
    if os.environ.get("STIRBAR_SEGMENT"):  # `stirbar run`: nobody has to ask for it
        use_fair_pools(DefaultDialect, QueuePool)
    _watch_new_engines(Engine, Dialect, event.listen)
    native.set_reclaimer(_reclaim)


def _time_class(dialect: type[Any]) -> None:
    """Times the methods that `dialect` itself defines. Idempotent: what stands there then is no
    function any more, and what never was one (a static method, a mock) is left alone."""
    for names, timed in (
        (_STATEMENTS, native.timed_statement),
        (_CONNECTION, native.timed_connection),
        (_TRANSACTION_END, native.timed_transaction_end),
    ):
        for name in names:
            original = vars(dialect).get(name)
            if inspect.isfunction(original):
                setattr(dialect, name, timed(original))


def _watch_new_engines(engine: type[Any], interface: type[Any], listen: Listen) -> None:
    """Dialects with methods of their own (pyodbc, psycopg2) are met when an engine uses one, and
    pools that do not tell the probe who holds their connections get listeners, unless the setting
    ``connection_pool`` is off."""
    original = engine.__init__

    @functools.wraps(original)
    def init(self: Any, *args: Any, **kwargs: Any) -> None:
        original(self, *args, **kwargs)
        try:
            name_pool(self)
            for dialect in type(self.dialect).__mro__:
                if dialect not in (interface, object):
                    _time_class(dialect)
            if not _is_watched(self.pool) and _watches_others():
                _listen_to(self.pool, pool_name(self.url), listen)
        except Exception:
            native.count_fault()
            logger.warning("the statements of %r are not timed", self, exc_info=True)

    engine.__init__ = init


def _is_watched(pool: Any) -> bool:
    """Stirbar's own tells the probe itself; another one may be that of an earlier engine, too."""
    own = any(base.__module__ == "stirbar.pool" for base in type(pool).__mro__)
    return own or hasattr(pool, "_stirbar_listens")


def _watches_others() -> bool:
    from stirbar import pool_upkeep

    return pool_upkeep.pool_mode() != pool_upkeep.OFF


def _listen_to(pool: Any, name: str, listen: Listen) -> None:
    """The pool's own listeners, not the class's: each of those makes every checkout of every pool
    several thousand instructions longer. They go over to the pool that replaces it (dispose())."""
    listen(pool, "checkout", native.checkout_listener(name))
    checkin = native.checkin_listener(name)
    listen(pool, "checkin", checkin)
    listen(pool, "detach", checkin)
    pool._stirbar_listens = True


def _reclaim(mode: int) -> None:
    """Imported when the first leak is to be taken back: no app pays for what it does not use."""
    from stirbar.leaks import reclaim

    reclaim(mode)
