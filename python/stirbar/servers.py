"""Starts the probe when a server's worker is up, before its first request.

No thread may start before the server forks its workers, so each server is hooked at a point that
only a worker reaches. A server that is not known starts the probe by its first request.
"""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable
from types import ModuleType
from typing import Any

from stirbar import libraries
from stirbar.engine import logger, native


def hook_gunicorn(module: ModuleType) -> None:
    """``gunicorn.workers.base``: every worker calls notify() before it accepts anything."""
    _call_before(module.Worker, "notify", "gunicorn")


def hook_waitress(module: ModuleType) -> None:
    """``waitress.server``: run() is the serving loop of the one process."""
    for name in ("BaseWSGIServer", "MultiSocketServer"):
        _call_before(getattr(module, name), "run", "waitress")


def hook_werkzeug(module: ModuleType) -> None:
    """``werkzeug.serving``: the reloader's parent never gets here."""
    _call_before(module.BaseWSGIServer, "serve_forever", "werkzeug")


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
    gives_lock_up = any(_option(uwsgi, name) for name in ("enable-threads", "threads", "gevent"))

    def start() -> None:
        _start("uwsgi", gives_lock_up)

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


def _start(server: str, gives_lock_up: bool = True) -> None:
    """Starts the probe; where that fails, logs each reason once (R-ERR-1)."""
    libraries.hook_loaded_libraries()  # what was imported after Stirbar(app)
    if native.start(server, gives_lock_up):
        return
    reason = native.trouble()
    if reason and reason not in _reported:
        _reported.add(reason)
        logger.warning("requests are served unmonitored: %s", reason)


def _option(uwsgi: ModuleType, name: str) -> Any:
    options: dict[Any, Any] = uwsgi.opt
    return options.get(name) or options.get(name.encode())


def _call_before(owner: type, method: str, server: str) -> None:
    """Makes `owner.method` start the probe before it does its own work."""
    original = getattr(owner, method)
    if getattr(original, "_stirbar_hook", False):
        return

    @functools.wraps(original)
    def hooked(self: Any, *args: Any, **kwargs: Any) -> Any:
        try:
            _start(server)
        except Exception:
            logger.warning("the probe did not start", exc_info=True)
        return original(self, *args, **kwargs)

    hooked._stirbar_hook = True  # type: ignore[attr-defined]
    setattr(owner, method, hooked)
