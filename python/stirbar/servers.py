"""Starts the probe when a server's worker is up, before its first request.

No thread may start before the server forks its workers, so each server is hooked at a point that
only a worker reaches. A server that is not known starts the probe by its first request.
"""

from __future__ import annotations

import functools
import os
import sys
from collections.abc import Callable
from types import ModuleType
from typing import Any

from stirbar import libraries, memory_care, server_facts
from stirbar.door import has_door, watch_door
from stirbar.engine import logger, native
from stirbar.intake import bound_intake
from stirbar.server_facts import ServerFacts


def hook_gunicorn(module: ModuleType) -> None:
    """``gunicorn.workers.base``: every worker calls notify() before it accepts anything."""
    _call_before(module.Worker, "notify", _before_notify)


def hook_waitress(module: ModuleType) -> None:
    """``waitress.server``: run() is the serving loop of the one process."""
    for name in ("BaseWSGIServer", "MultiSocketServer"):
        _call_before(
            getattr(module, name), "run", lambda server: _start(server_facts.of_waitress, server)
        )


def hook_werkzeug(module: ModuleType) -> None:
    """``werkzeug.serving``: the reloader's parent never gets here."""
    _call_before(
        module.BaseWSGIServer,
        "serve_forever",
        lambda server: _start(server_facts.of_werkzeug, server),
    )


# Module that defines the server -> what hooks it once it is imported.
SERVER_HOOKS: dict[str, Callable[[ModuleType], None]] = {
    "gunicorn.workers.base": hook_gunicorn,
    "waitress.server": hook_waitress,
    "werkzeug.serving": hook_werkzeug,
}


def hook_loaded_servers() -> None:
    """Hooks the servers that are imported already."""
    for name, hook in SERVER_HOOKS.items():
        module = sys.modules.get(name)
        if module is not None:
            hook(module)


def hook_uwsgi() -> None:
    """Under uWSGI: now in a worker that loads its app itself, else after the fork. Idempotent."""
    uwsgi = sys.modules.get("uwsgi")
    if uwsgi is None or getattr(uwsgi, "_stirbar_hooked", False):
        return
    uwsgi._stirbar_hooked = True  # type: ignore[attr-defined]

    def start() -> None:
        native.set_descriptor_source(getattr(uwsgi, "connection_fd", None))
        _start(server_facts.of_uwsgi, uwsgi)

    if uwsgi.worker_id() > 0:
        start()
        return
    former = getattr(uwsgi, "post_fork_hook", None)

    def after_fork() -> None:
        if former is not None:
            former()
        start()

    uwsgi.post_fork_hook = after_fork  # type: ignore[attr-defined]


_reported: set[str] = set()
_started_in = 0  # pid


def _before_notify(worker: Any) -> None:
    # Called before each connection that a sync worker accepts: it must cost little.
    if _started_in != os.getpid():
        _start(server_facts.of_gunicorn, worker)
        worker._stirbar_bounds_intake = server_facts.is_gthread(worker)
        worker._stirbar_has_door = has_door(worker)
    if worker.__dict__.get("_stirbar_bounds_intake"):
        bound_intake(worker)
    if worker.__dict__.get("_stirbar_has_door"):
        watch_door(worker)


def _start(facts_of: Callable[[Any], ServerFacts], server: Any) -> None:
    """Starts the probe; where that fails, logs each reason once (R-ERR-1)."""
    global _started_in
    _started_in = os.getpid()
    libraries.hook_loaded_libraries()  # what was imported after Stirbar(app)
    facts = _facts(facts_of, server)
    native.set_depth_source(facts.depth)
    if facts.greenlets:
        native.share_threads()
    if native.start(
        facts.server, facts.gives_lock_up, facts.capacity, facts.listeners, facts.backlog
    ):
        memory_care.begin()
        return
    reason = native.trouble()
    if reason and reason not in _reported:
        _reported.add(reason)
        logger.warning("requests are served unmonitored: %s", reason)


def _facts(facts_of: Callable[[Any], ServerFacts], server: Any) -> ServerFacts:
    try:
        return facts_of(server)
    except Exception:
        # Another version, whose insides differ: served and counted all the same.
        logger.warning("what this server can serve at once is not known", exc_info=True)
        return ServerFacts(facts_of.__name__.removeprefix("of_"))


def _call_before(owner: type, method: str, call: Callable[[Any], None]) -> None:
    """Makes `owner.method` run `call` with its object before it does its own work."""
    original = getattr(owner, method)
    if getattr(original, "_stirbar_hook", False):
        return

    @functools.wraps(original)
    def hooked(self: Any, *args: Any, **kwargs: Any) -> Any:
        try:
            call(self)
        except Exception:
            logger.warning("the probe did not start", exc_info=True)
        return original(self, *args, **kwargs)

    hooked._stirbar_hook = True  # type: ignore[attr-defined]
    setattr(owner, method, hooked)
