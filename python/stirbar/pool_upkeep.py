"""Upkeep of idle connections: replaced by age, pinged, closed when nobody needs them.

One daemon thread per process does it for all pools, from the first connection on. It ends before
each fork and begins again in the parent: no process is forked with it.
"""

from __future__ import annotations

import atexit
import os
import threading
import weakref
from typing import Any

from stirbar import memory_care
from stirbar.engine import logger, native

_INTERVAL_SECONDS = 1.0
# What a connection is taken out for; as in src/probe/pool_upkeep.h.
_SURPLUS = 3
_PING = 4
OFF, OBSERVE, ON = 0, 1, 2  # values of a mode
_SETTINGS = (
    "pool_lifetime",
    "pool_idle_timeout",
    "pool_overflow_linger",
    "pool_keep_alive",
    "pool_ping_after",
)

_pools: weakref.WeakSet[Any] = weakref.WeakSet()
_thread: threading.Thread | None = None
_stop = threading.Event()


def settings() -> dict[str, float]:
    """Those of the app; where nothing is monitored, the environment's and the defaults."""
    values: dict[str, float] = native.settings()
    if native.state():
        return values
    for name in (*_SETTINGS, "connection_pool", "observe_only"):
        text = os.environ.get(f"STIRBAR_{name.upper()}")
        if text is None:
            continue
        try:
            values[name] = native.parse_setting(name, text)
        except ValueError as fault:
            logger.warning("%s", fault)
    return values


def pool_mode() -> int:
    """The setting ``connection_pool`` as it holds now: `OFF`, `OBSERVE` or `ON`."""
    values = settings()
    mode = int(values["connection_pool"])
    return OBSERVE if values["observe_only"] and mode == ON else mode


def apply_settings(pool: Any, values: dict[str, float]) -> None:
    """What the user asked for himself (`pool_recycle`, `pool_pre_ping`) stays as he wants it."""
    recycles = pool._recycle >= 0
    pings = _can_ping(pool)
    pool._set_times(
        float(pool._recycle) if recycles else values["pool_lifetime"],
        not recycles,
        values["pool_idle_timeout"],
        values["pool_overflow_linger"],
        values["pool_keep_alive"] if pings else 0.0,
        values["pool_ping_after"] if pings and not pool._pre_ping else -1.0,
    )


def _can_ping(pool: Any) -> bool:
    """A pool without an engine has no dialect that knows how; a file needs none."""
    dialect = pool._dialect
    return hasattr(dialect, "do_ping") and getattr(dialect, "name", "") != "sqlite"


def answers(pool: Any, record: Any) -> bool:
    """Pings a connection; closes it where it does not answer."""
    dialect = pool._dialect
    try:
        ping = getattr(dialect, "_do_ping_w_event", None) or dialect.do_ping
        lives = bool(ping(record.dbapi_connection))
        fault = None
    except Exception as raised:
        lives, fault = False, raised
    if not lives:
        pool.logger.info("%r does not answer, and is replaced", record.dbapi_connection)
        record.invalidate(fault)
    return lives


def watch(pool: Any) -> None:
    """Takes care of `pool` as long as it lives."""
    _pools.add(pool)
    memory_care.add("connections", close_idle)


def begin() -> None:
    """A connection was opened: there is something to take care of."""
    global _thread, _stop
    if _thread is not None and _thread.is_alive() and not _stop.is_set():
        return
    _stop = threading.Event()
    _thread = threading.Thread(target=_run, args=(_stop,), name="stirbar-pools", daemon=True)
    _thread.start()


def _run(stop: threading.Event) -> None:
    while not stop.wait(_INTERVAL_SECONDS):
        _look_after_all(stop)  # a function: a variable here would keep the last pool alive


def _look_after_all(stop: threading.Event) -> None:
    values = settings()
    for pool in list(_pools):
        try:
            apply_settings(pool, values)
            look_after(pool, stop)
        except Exception:
            native.count_fault()
            logger.warning("the upkeep of connections has failed", exc_info=True)


def look_after(pool: Any, stop: threading.Event | None = None) -> None:
    """One round for one pool; shorter where it shall stop."""
    while not (stop is not None and stop.is_set()) and (due := pool._due()) is not None:
        record, what = due
        if what == _PING and _still_lives(pool, record):
            pool._keep(record)
            continue
        try:
            record.close()
        finally:
            pool._drop(record, what)
    for _ in range(pool._surplus()):
        record = pool._take_idle()
        if record is None:
            return
        try:
            record.close()
        finally:
            pool._drop(record, 0)


def close_idle(order: memory_care.Order) -> memory_care.Effect:
    """A step of a cleanup: closes idle connections beyond ``order.keeps`` of each pool."""
    closed = 0
    for pool in list(_pools):
        while pool.checkedin() > order.keeps:
            if order.is_over():
                return memory_care.Effect(closed, f"{closed} idle connections closed", partly=True)
            record = pool._take_idle()
            if record is None:
                break
            try:
                record.close()
            finally:
                pool._drop(record, _SURPLUS)
            closed += 1
    return memory_care.Effect(closed, f"{closed} idle connections closed")


def _still_lives(pool: Any, record: Any) -> bool:
    pool._count_ping()
    if not answers(pool, record):
        return False
    try:
        # Most drivers have begun a transaction for the ping.
        pool._dialect.do_rollback(record.dbapi_connection)
    except Exception as fault:
        record.invalidate(fault)
        return False
    return True


def _before_fork() -> None:
    """Waits a moment for a ping that runs: a driver's lock would stay taken in the child."""
    thread = _thread
    if thread is None or not thread.is_alive() or thread is threading.current_thread():
        return
    _stop.set()
    thread.join(2.0)


def _after_fork_in_parent() -> None:
    if _thread is not None and _stop.is_set():
        begin()


def _after_fork_in_child() -> None:
    global _thread, _stop
    _thread = None
    _stop = threading.Event()


def _end() -> None:
    _stop.set()


os.register_at_fork(
    before=_before_fork,
    after_in_parent=_after_fork_in_parent,
    after_in_child=_after_fork_in_child,
)
atexit.register(_end)
