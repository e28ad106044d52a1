"""How a pool connects to a server that is not the one of its engine: by that server's URL."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextvars import ContextVar
from typing import Any

# What a driver's connect takes, of the target that is being connected to; None: the engine's own.
_target: ContextVar[tuple[Any, dict[str, Any]] | None] = ContextVar("stirbar_target", default=None)

_PORTS = {"mysql": 3306, "mariadb": 3306, "postgresql": 5432}

Opener = Callable[[Any], Any]
"""Opens a connection. Takes SQLAlchemy's connection record, or None."""


def parse_urls(field: str, urls: Iterable[Any] | None) -> list[Any]:
    """`urls` (texts or SQLAlchemy's) as SQLAlchemy's.

    Raises:
        ValueError: one is none; names `field`, and not the URL: it may hold a password.
    """
    from sqlalchemy.engine import make_url
    from sqlalchemy.exc import ArgumentError

    if isinstance(urls, str):
        raise ValueError(f"{field}: takes a list of URLs, not one")
    found = []
    for place, url in enumerate(urls or (), 1):
        try:
            found.append(make_url(url))
        except ArgumentError:
            raise ValueError(f"{field}: number {place} is no database URL") from None
    return found


def name_of(url: Any) -> str:
    """``host:port`` of `url`, or its file: what is shown of it."""
    backend = url.get_backend_name()
    if url.host:
        host = f"[{url.host}]" if ":" in url.host else url.host
        port = url.port or _PORTS.get(backend)
        return f"{host}:{port}" if port else str(host)
    socket = url.query.get("unix_socket") or url.query.get("host")
    if isinstance(socket, str):
        return socket
    return str(url.database or ":memory:") if backend == "sqlite" else "localhost"


def openers(dialect: Any, creator: Opener, urls: list[Any]) -> list[Opener]:
    """An opener for each of `urls`, of an engine with this dialect and creator.

    Where the creator is the one that SQLAlchemy makes, ``connect_args`` and listeners to
    ``do_connect`` hold for them too, and what a URL leaves out (user, password, port, database) is
    the engine's. Beside an own creator (``create_engine(creator=...)``) a URL must say all.

    Raises:
        ValueError: a URL is of another kind of database.
    """
    for url in urls:
        if url.get_backend_name() != dialect.name:
            raise ValueError(
                f"{name_of(url)}: is of {url.get_backend_name()}, the engine of {dialect.name}"
            )
    code = getattr(creator, "__code__", None)
    own = code is None or code.co_name != "connect" or creator.__module__ != _MAKER
    if not own and urls:
        _listen(dialect)
    make = _direct if own else _through
    return [make(dialect, creator, *dialect.create_connect_args(url)) for url in urls]


_MAKER = "sqlalchemy.engine.create"


def _direct(dialect: Any, _creator: Opener, args: Any, options: dict[str, Any]) -> Opener:
    return lambda _record: dialect.connect(*args, **options)


def _through(_dialect: Any, creator: Opener, args: Any, options: dict[str, Any]) -> Opener:
    def opened(record: Any) -> Any:
        token = _target.set((args, options))
        try:
            return creator(record)
        finally:
            _target.reset(token)

    return opened


def _listen(dialect: Any) -> None:
    """Lets connects of `dialect` go where `_target` says. Idempotent."""
    from sqlalchemy import event

    if not event.contains(dialect, "do_connect", _redirect):
        event.listen(dialect, "do_connect", _redirect)


def _redirect(dialect: Any, _record: Any, _args: list[Any], options: dict[str, Any]) -> Any:
    target = _target.get()
    if target is None:
        return None
    # Not by changing what is given: SQLAlchemy 1.4 uses that for the next connect, too.
    return dialect.connect(*target[0], **{**options, **target[1]})
