"""Figures of database servers and pools, asked directly."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy.engine import Engine
from sqlalchemy.engine.url import URL

_MYSQL = ("mysql", "mariadb")
_LOOPBACK = ("localhost", "127.0.0.1", "::1")

# The fields of Database in docs/openapi.yaml that a server can be asked for.
NOTHING: Mapping[str, Any] = dict.fromkeys(
    (
        *("version", "unavailable_since", "answered_age_seconds", "answer_seconds"),
        *("uptime_seconds", "connections", "connections_max_used", "max_connections"),
        *("threads_running", "wait_timeout_seconds", "aborted_clients", "aborted_connects"),
        *("queries_per_second", "slow_queries", "slow_queries_per_second", "lock_waits_now"),
        *("lock_waits_per_second", "lock_wait_mean_seconds", "buffer_pool_hit_ratio"),
        *("is_replica", "replica_lag_seconds", "read_only", "long_running"),
    )
)


def server_name(url: URL) -> str:
    """The server of an engine as the supervisor names it: host:port, or a unix socket's path. Of
    other databases than MySQL and MariaDB the URL without user, password and query."""
    if url.get_backend_name() not in _MYSQL:
        return f"{url.get_backend_name()}://{url.host or ''}/{url.database or ''}"
    path = url.query.get("unix_socket")
    if isinstance(path, str):
        return path
    host = url.host or "localhost"
    return f"[{host}]:{url.port or 3306}" if ":" in host else f"{host}:{url.port or 3306}"


def find_server(rows: Iterable[Mapping[str, Any]], server: str) -> dict[str, Any] | None:
    """The row of `server`. The names of this machine's loopback are one."""

    def plain(name: str) -> tuple[str, str]:
        host, _, port = name.rpartition(":")
        host = host.strip("[]")
        return ("localhost" if host in _LOOPBACK else host, port)

    return next((dict(row) for row in rows if plain(row["name"]) == plain(server)), None)


def pool_figures(engine: Engine) -> dict[str, Any]:
    """The pool of this process. None where it does not count (NullPool, StaticPool)."""
    pool = engine.pool

    def count(name: str) -> int | None:
        method = getattr(pool, name, None)
        return int(method()) if callable(method) else None

    size, overflow = count("size"), getattr(pool, "_max_overflow", None)
    bounded = bool(size) and overflow is not None and overflow >= 0
    capacity = (size or 0) + (overflow or 0) if bounded else None
    active = count("checkedout")
    return {
        "class": type(pool).__name__,
        "size": size,
        "idle": count("checkedin"),
        "active": active,
        "capacity": capacity,
        "utilisation": active / capacity if capacity and active is not None else None,
    }


def version(cursor: Any, dialect: str) -> str | None:
    """The server's version; of other databases only that they answer."""
    cursor.execute("SELECT VERSION()" if dialect in _MYSQL else "SELECT 1")
    row = cursor.fetchone()
    return str(row[0]) if dialect in _MYSQL else None


def ask(cursor: Any, dialect: str) -> dict[str, Any]:
    """Figures of a MySQL or MariaDB server; rates and ratios are averages since its start."""
    if dialect not in _MYSQL:
        return {}
    status = _pairs(cursor, "SHOW GLOBAL STATUS")
    variables = _pairs(cursor, "SHOW GLOBAL VARIABLES")

    def number(name: str) -> int | None:
        text = {**variables, **status}.get(name, "")
        return int(text) if text.isdigit() else None

    def per(part: str, whole: str) -> float | None:
        above, below = number(part), number(whole)
        return above / below if above is not None and below else None

    misses = per("innodb_buffer_pool_reads", "innodb_buffer_pool_read_requests")
    wait_ms = per("innodb_row_lock_time", "innodb_row_lock_waits")
    return {
        "version": variables.get("version"),
        "uptime_seconds": number("uptime"),
        "connections": number("threads_connected"),
        "connections_max_used": number("max_used_connections"),
        "max_connections": number("max_connections"),
        "threads_running": number("threads_running"),
        "wait_timeout_seconds": number("wait_timeout"),
        "aborted_clients": number("aborted_clients"),
        "aborted_connects": number("aborted_connects"),
        "queries_per_second": per("questions", "uptime"),
        "slow_queries": number("slow_queries"),
        "slow_queries_per_second": per("slow_queries", "uptime"),
        "lock_waits_now": number("innodb_row_lock_current_waits"),
        "lock_waits_per_second": per("innodb_row_lock_waits", "uptime"),
        "lock_wait_mean_seconds": None if wait_ms is None else wait_ms / 1000,
        "buffer_pool_hit_ratio": None if misses is None else max(0.0, 1 - misses),
        "read_only": variables.get("read_only") not in (None, "OFF", "0"),
    }


def _pairs(cursor: Any, statement: str) -> dict[str, str]:
    cursor.execute(statement)
    return {str(name).lower(): str(value) for name, value in cursor.fetchall()}
