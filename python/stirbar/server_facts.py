"""What each server knows of its own worker: how many requests it serves at once, where it listens.

All of it is looked up with care, since these are insides of other packages: what is not where it is
expected is not known.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any


@dataclass
class ServerFacts:
    """What the native part is told when a worker starts."""

    server: str
    gives_lock_up: bool = True
    capacity: int = 0  # requests at once; 0: not known
    listeners: list[int] = field(default_factory=list)  # descriptors of listening sockets
    backlog: int = 0  # the accept queue that the server has asked for; 0: not known
    depth: Callable[[], int] | None = None  # accepted and not yet begun
    greenlets: bool = False  # several requests share a thread


def of_gunicorn(worker: Any) -> ServerFacts:
    """Of a worker of any class; ``gthread`` has threads, ``gevent`` and ``eventlet`` greenlets."""
    kind = " ".join(f"{base.__module__}.{base.__name__}" for base in type(worker).__mro__).lower()
    facts = ServerFacts("gunicorn", backlog=_number(worker.cfg, "backlog"))
    facts.listeners = _descriptors(getattr(worker, "sockets", ()))
    facts.greenlets = "gevent" in kind or "eventlet" in kind
    if is_gthread(worker):
        facts.capacity = _number(worker.cfg, "threads")
        facts.depth = lambda: int(worker.tpool._work_queue.qsize())
    elif not facts.greenlets:
        facts.capacity = 1 if "syncworker" in kind else 0
    return facts


def is_gthread(worker: Any) -> bool:
    """Whether connections wait in the executor of this gunicorn worker."""
    return hasattr(worker, "tpool") and hasattr(worker, "nr_conns")


def of_waitress(server: Any) -> ServerFacts:
    """Of the one process; `server` listens itself or stands for several that do."""
    several = getattr(server, "map", None)
    sockets = several.values() if isinstance(several, dict) else [server]
    facts = ServerFacts("waitress")
    facts.capacity = _number(server.adj, "threads")
    facts.backlog = _number(server.adj, "backlog")
    facts.listeners = _descriptors(
        each.socket for each in sockets if getattr(each, "accepting", False)
    )
    facts.depth = lambda: len(server.task_dispatcher.queue)
    return facts


def of_werkzeug(server: Any) -> ServerFacts:
    """Of the development server, which makes a thread for each request, or serves one at a time."""
    facts = ServerFacts("werkzeug", backlog=_number(server, "request_queue_size"))
    alone = not getattr(server, "multithread", False) and not getattr(server, "multiprocess", False)
    facts.capacity = 1 if alone else 0
    facts.listeners = _descriptors([getattr(server, "socket", None)])
    return facts


def of_uwsgi(uwsgi: ModuleType) -> ServerFacts:
    """Of a worker. Its module gives the sockets and the options."""
    facts = ServerFacts("uwsgi")
    facts.greenlets = bool(_option(uwsgi, "gevent"))
    threads = _option(uwsgi, "threads")
    facts.gives_lock_up = bool(threads or facts.greenlets or _option(uwsgi, "enable-threads"))
    cores = threads or _option(uwsgi, "gevent") or _option(uwsgi, "async") or b"1"
    facts.capacity = int(cores) if cores.isdigit() else 1
    listen = _option(uwsgi, "listen") or b"100"
    facts.backlog = int(listen) if listen.isdigit() else 0
    facts.listeners = [each for each in getattr(uwsgi, "sockets", ()) if isinstance(each, int)]
    return facts


def _option(uwsgi: ModuleType, name: str) -> bytes:
    """The value of an option, "1" where it has none; empty where it is not set."""
    options: dict[Any, Any] = uwsgi.opt
    value = options.get(name, options.get(name.encode()))
    if value is None or value is False:
        return b""
    if value is True:
        return b"1"
    return value if isinstance(value, bytes) else str(value).encode()


def _number(owner: Any, name: str) -> int:
    value = getattr(owner, name, 0)
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else 0


def _descriptors(sockets: Iterable[Any]) -> list[int]:
    found = []
    for each in sockets:
        try:
            found.append(int(each.fileno()))
        except (AttributeError, OSError, TypeError, ValueError):
            continue
    return found
