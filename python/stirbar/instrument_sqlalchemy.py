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
from types import ModuleType
from typing import Any

from stirbar.engine import logger, native
from stirbar.pool_names import name_pool
from stirbar.pool_options import use_fair_pools

_STATEMENTS = ("do_execute", "do_executemany", "do_execute_no_params")
_CONNECTION = ("connect", "do_commit", "do_rollback")


def hook_sqlalchemy(module: ModuleType) -> None:
    """Once ``sqlalchemy`` is imported."""
    from sqlalchemy import event
    from sqlalchemy.engine import Dialect, Engine
    from sqlalchemy.engine.default import DefaultDialect
    from sqlalchemy.pool import Pool, QueuePool

    for name in (*_STATEMENTS, *_CONNECTION):
        if not callable(getattr(DefaultDialect, name, None)):
            raise TypeError(f"SQLAlchemy {module.__version__}: no Dialect.{name}")
    _time_class(DefaultDialect)
    if os.environ.get("STIRBAR_SEGMENT"):  # `stirbar run`: nobody has to ask for it
        use_fair_pools(DefaultDialect, QueuePool)
    _time_dialects_of_new_engines(Engine, Dialect)
    event.listen(Pool, "checkout", native.checkout_listener())
    checkin = native.checkin_listener()
    event.listen(Pool, "checkin", checkin)
    event.listen(Pool, "detach", checkin)


def _time_class(dialect: type[Any]) -> None:
    """Times the methods that `dialect` itself defines. Idempotent: what stands there then is no
    function any more, and what never was one (a static method, a mock) is left alone."""
    for names, timed in (
        (_STATEMENTS, native.timed_statement),
        (_CONNECTION, native.timed_connection),
    ):
        for name in names:
            original = vars(dialect).get(name)
            if inspect.isfunction(original):
                setattr(dialect, name, timed(original))


def _time_dialects_of_new_engines(engine: type[Any], interface: type[Any]) -> None:
    """Dialects with methods of their own (pyodbc, psycopg2) are met when an engine uses one."""
    original = engine.__init__

    @functools.wraps(original)
    def init(self: Any, *args: Any, **kwargs: Any) -> None:
        original(self, *args, **kwargs)
        try:
            name_pool(self)
            for dialect in type(self.dialect).__mro__:
                if dialect not in (interface, object):
                    _time_class(dialect)
        except Exception:
            native.count_fault()
            logger.warning("the statements of %r are not timed", self, exc_info=True)

    engine.__init__ = init
