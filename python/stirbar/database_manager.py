"""Sessions, connection checks and server figures of an app's databases."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Mapping
from types import TracebackType
from typing import Any
from weakref import WeakKeyDictionary

from sqlalchemy.engine import Engine
from sqlalchemy.orm import Session, sessionmaker

from stirbar import database_figures, observed
from stirbar.database_check import DatabaseCheck
from stirbar.database_sources import DatabaseSources
from stirbar.engine import logger, native


class ManagedSession(Session):
    """A session that, used as a context manager, commits at the end, or rolls back when the block
    raises, and is closed in either case."""

    def __exit__(
        self,
        kind: type[BaseException] | None,
        fault: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            if kind is None:
                self.commit()
        finally:
            self.close()  # rolls back what is not committed


class _OpenSessions:
    """Which sessions have been handed out and not closed, and by which line. Threads: any."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._taken: WeakKeyDictionary[Session, tuple[str, float, str]] = WeakKeyDictionary()

    def add(self, session: Session, database: str, place: str) -> None:
        with self._lock:
            self._taken[session] = (database, time.monotonic(), place)

    def discard(self, session: Session) -> None:
        with self._lock:
            self._taken.pop(session, None)

    def of(self, database: str) -> dict[str, Any]:
        """Those with a transaction: a session without one holds no connection."""
        with self._lock:
            taken = [
                (since, place)
                for session, (name, since, place) in self._taken.items()
                if name == database and session.in_transaction()
            ]
        since, place = min(taken, default=(time.monotonic(), None))
        return {
            "open": len(taken),
            "oldest_seconds": time.monotonic() - since if taken else None,
            "oldest_taken_at": place,
        }


class DatabaseManager:
    """The seed's DatabaseManager, for one database or several.

        manager = DatabaseManager(engine)                      # or a URL, or Flask-SQLAlchemy's db
        manager = DatabaseManager({"shop": engine, "reports": "mysql+pymysql://..."})

        with manager.get_session() as session:                 # commits; rolls back when it raises
            session.add(order)

    Methods take the name of a database; without one they mean the first. Flask-SQLAlchemy's are
    named by their bind keys, the one without a key "default".

    Args:
        database: an Engine, a URL, a Flask-SQLAlchemy object, or a dict of these by name. None: the
            Flask-SQLAlchemy object of the current app.
        app: the Flask app whose engines are meant, for calls outside its context.
        timeout: seconds that a check or a question may take at most.
        engine_options: of ``create_engine``, for databases given as a URL.
        session_options: of ``sessionmaker``, for instance ``{"expire_on_commit": False}``.

    Threads: any. Raises TypeError for anything else as `database`, ValueError for a URL that is
    none (its text is not shown: a password may stand in it).
    """

    def __init__(
        self,
        database: Any = None,
        *,
        app: Any = None,
        timeout: float = 3.0,
        engine_options: Mapping[str, Any] | None = None,
        session_options: Mapping[str, Any] | None = None,
    ) -> None:
        self._sources = DatabaseSources(database, app, engine_options or {})
        self._timeout = timeout
        self._session_options = {"class_": ManagedSession, **(session_options or {})}
        self._sessions = _OpenSessions()
        self._lock = threading.Lock()
        self._checks: dict[str, DatabaseCheck] = {}

    # --- the seed's methods -----------------------------------------------------------------------

    def get_session(self, database: str | None = None) -> Session:
        """A new session. Use it in a ``with`` block, or give it to `close_session` in the end.

        It takes a connection from the pool with its first statement, not before.
        """
        name, engine = self._find(database)
        session: Session = sessionmaker(engine, **self._session_options)()
        caller = sys._getframe(1)
        self._sessions.add(session, name, f"{caller.f_code.co_filename}:{caller.f_lineno}")
        return session

    def close_session(self, session: Session) -> bool:
        """Gives the session's connection back; what is not committed is rolled back.

        Returns:
            False when changes were lost by that: objects that had been added, changed or deleted
            and not flushed. Closing twice is no fault.
        """
        lost = len(session.new) + len(session.dirty) + len(session.deleted)
        if lost:
            logger.warning("a session was closed with %d changes that were never flushed", lost)
        session.close()
        self._sessions.discard(session)
        return lost == 0

    def test_mysql_connection(self, database: str | None = None) -> dict[str, Any]:
        """Opens a connection beside the pool, asks one trivial statement, and closes it.

        It says whether the server can be reached although the pool is exhausted, and takes no
        connection from a request. It never waits for longer than `timeout`.

        Returns:
            ``ok`` (bool), ``database`` (the server's name), ``seconds`` (float), ``version`` (text
            or None), ``error`` (None, or class and number of the driver's error, never its text),
            ``pool`` (as in `monitor_connection_health`).
        """
        name, engine = self._find(database)
        outcome = self._check(name, engine).run(database_figures.version, self._timeout)
        return {
            "ok": outcome.error is None,
            "database": database_figures.server_name(engine.url),
            "seconds": outcome.seconds,
            "version": outcome.value,
            "error": outcome.error,
            "pool": database_figures.pool_figures(engine),
        }

    def get_mysql_performance_stats(self, database: str | None = None) -> dict[str, Any]:
        """What the MySQL or MariaDB server says of itself, and what its queries cost the app.

        The figures are the supervisor's (`source` is "supervisor"), with rates of the last second
        and ratios of the last minute, where it samples this server (``STIRBAR_DATABASE_URLS``).
        Otherwise the server is asked now, at most for `timeout` seconds ("server"), and rates and
        ratios are averages since its start.

        Returns:
            ``source``, ``available``, ``error``, ``pool``, ``database_query_time`` (seconds of SQL
            per request of the last minute, None without a supervisor) and the fields of Database in
            docs/openapi.yaml; those that are not known are None.
        """
        name, engine = self._find(database)
        server = database_figures.server_name(engine.url)
        seen = _snapshot()
        sampled = database_figures.find_server(seen.get("databases", ()), server)
        if sampled is not None:
            figures = {**database_figures.NOTHING, **sampled, "source": "supervisor"}
        else:
            outcome = self._check(name, engine).run(database_figures.ask, self._timeout)
            figures = {**database_figures.NOTHING, **(outcome.value or {})}
            figures |= {
                "name": server,
                "source": "server",
                "available": outcome.error is None,
                "error": outcome.error,
                "answer_seconds": outcome.seconds,
            }
        figures["pool"] = database_figures.pool_figures(engine)
        figures["database_query_time"] = seen.get("performance", {}).get("database_query_time")
        return figures

    def monitor_connection_health(self) -> dict[str, Any]:
        """The health of all databases, as it is now.

        Cheap enough to be called every second: what the supervisor watches is read from shared
        memory. A server that it does not sample is asked as by `test_mysql_connection`.

        Returns:
            ``status`` ("healthy", "warning", "critical"), ``reasons`` (list of texts), and
            ``databases``: by name ``server``, ``available`` (bool), ``unavailable_since`` (seconds
            since 1970, or None), ``error``, ``pool`` (of this process: class, size, idle, active,
            capacity, utilisation; None where the pool does not count) and ``sessions`` (handed out
            by this manager and in a transaction: open, oldest_seconds, oldest_taken_at).
        """
        seen = _snapshot()
        status = seen.get("health", {}).get("components", {}).get("database", "healthy")
        reason = seen.get("health", {}).get("component_reasons", {}).get("database")
        reasons = [reason] if reason and status != "healthy" else []
        found = {}
        for name, engine in self._sources.engines().items():
            row = found[name] = self._health_of(name, engine, seen)
            utilisation = row["pool"]["utilisation"]
            if not row["available"]:
                status = "critical"
                reasons.append(f"{name}: {row['server']} does not answer: {row['error']}")
            elif utilisation is not None and utilisation >= _warning_threshold():
                status = "warning" if status == "healthy" else status
                reasons.append(f"{name}: {utilisation:.0%} of the pool's connections are in use")
        return {"status": status, "reasons": reasons, "databases": found}

    # --- what they stand on -----------------------------------------------------------------------

    @property
    def databases(self) -> tuple[str, ...]:
        """The names of the databases; the first is meant where a method is given none."""
        return tuple(self._sources.engines())

    def engine(self, database: str | None = None) -> Engine:
        """The engine of a database. KeyError, naming those that there are, for another name."""
        return self._find(database)[1]

    def _find(self, database: str | None) -> tuple[str, Engine]:
        engines = self._sources.engines()
        name = database or next(iter(engines))
        if name not in engines:
            raise KeyError(f"there is no database {name!r}; there are: {', '.join(engines)}")
        return name, engines[name]

    def _check(self, name: str, engine: Engine) -> DatabaseCheck:
        with self._lock:
            check = self._checks.get(name)
            if check is None or check.engine is not engine:
                check = self._checks[name] = DatabaseCheck(engine)
            return check

    def _health_of(self, name: str, engine: Engine, seen: Mapping[str, Any]) -> dict[str, Any]:
        server = database_figures.server_name(engine.url)
        row = database_figures.find_server(seen.get("databases", ()), server)
        if row is None:
            outcome = self._check(name, engine).run(database_figures.version, self._timeout)
            row = {"available": outcome.error is None, "error": outcome.error}
        return {
            "server": server,
            "available": row["available"],
            "unavailable_since": row.get("unavailable_since"),
            "error": row.get("error"),
            "pool": database_figures.pool_figures(engine),
            "sessions": self._sessions.of(name),
        }


def _snapshot() -> dict[str, Any]:
    """What the supervisor has published; empty where none has."""
    try:
        return observed.snapshot()
    except observed.NotObserved:
        return {}


def _warning_threshold() -> float:
    if native is None:
        return 0.9
    return float(native.settings()["pool_utilization_warning_threshold"])
