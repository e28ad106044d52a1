"""Refuses requests before gunicorn reads them, while Stirbar holds an overload back.

gunicorn parses a request, and gthread passes it to a thread, before the application can refuse it:
0.4 to 0.9 ms of CPU, ten times what a refusal at the door costs. So, while the door is watched, the
method that takes an accepted connection on is replaced in the worker object.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from stirbar.engine import native


def watch_door(worker: Any) -> None:
    """Watches the door of a gunicorn worker, sync or gthread, or leaves it, as is ordered now."""
    watched = native.door_is_watched()
    if watched == worker.__dict__.get("_stirbar_door", False):
        return
    name, taker = ("enqueue_req", _queue) if hasattr(worker, "tpool") else ("handle", _handle)
    if watched:
        worker.__dict__[name] = functools.partial(taker, worker, getattr(type(worker), name))
    else:
        worker.__dict__.pop(name, None)
    worker._stirbar_door = watched


def has_door(worker: Any) -> bool:
    """Whether the connections of this worker can be looked at when they have been accepted."""
    kinds = {f"{kind.__module__}.{kind.__name__}" for kind in type(worker).__mro__}
    known = kinds & {
        "gunicorn.workers.sync.SyncWorker",
        "gunicorn.workers.gthread.ThreadWorker",
    }
    return bool(known) and not worker.cfg.is_ssl


def _handle(
    worker: Any, handle: Callable[..., None], listener: Any, client: Any, address: Any
) -> None:
    """Of a sync worker."""
    if native.refuse_at_door(client.fileno()):
        client.close()
    else:
        handle(worker, listener, client, address)


def _queue(worker: Any, enqueue: Callable[..., None], connection: Any) -> None:
    """Of a gthread worker."""
    if native.refuse_at_door(connection.sock.fileno()):
        worker.nr_conns -= 1
        connection.close()
    else:
        enqueue(worker, connection)
