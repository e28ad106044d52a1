"""Comes first in every Python process under ``stirbar run``, and passes on to the one it hides.

Imports nothing but the standard library until the process imports Flask, so that a Python process
of the app that is no web server, and gunicorn's master, stay as they were.
"""

from __future__ import annotations

import importlib
import importlib.machinery
import importlib.util
import os
import sys
from collections.abc import Callable, Sequence
from types import ModuleType


class ImportWatch:
    """A finder that finds nothing itself, but calls back when a module has been imported."""

    def __init__(self) -> None:
        self._callbacks: dict[str, Callable[[ModuleType], None]] = {}

    def add(self, name: str, callback: Callable[[ModuleType], None]) -> None:
        """Calls `callback` with module `name` when it is imported, if it is not yet."""
        self._callbacks[name] = callback

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        """The spec of a watched module, its loader calling back; None for any other."""
        callback = self._callbacks.pop(name, None)
        if callback is None:
            return None
        spec = None
        for finder in sys.meta_path:
            if finder is not self and hasattr(finder, "find_spec"):
                spec = finder.find_spec(name, path, target)
                if spec is not None:
                    break
        if spec is not None and spec.loader is not None:
            _call_after(spec.loader, callback)
        return spec


def _call_after(loader: object, callback: Callable[[ModuleType], None]) -> None:
    original = loader.exec_module  # type: ignore[attr-defined]

    def exec_module(module: ModuleType) -> None:
        original(module)
        try:
            callback(module)
        except Exception as fault:  # the application must start, whatever is wrong here
            _complain(fault)

    loader.exec_module = exec_module  # type: ignore[attr-defined]


def _complain(fault: Exception) -> None:
    print(f"stirbar: requests are served unmonitored: {fault}", file=sys.stderr)


def _on_flask(watch: ImportWatch) -> None:
    """Flask is there: instruments every application, and its servers, loaded or yet to come."""
    try:
        from stirbar import engine
    except ImportError:  # the application has an environment of its own
        sys.path.append(os.environ["STIRBAR_PACKAGES"])
        from stirbar import engine
    if engine.warn_once_if_missing():
        return
    from stirbar import instrument, libraries, servers

    engine.native.configure(os.environ["STIRBAR_SEGMENT"], "", [], {})
    instrument.instrument_every_app()
    servers.hook_loaded_servers()
    for name, hook in servers.SERVER_HOOKS.items():
        if name not in sys.modules:
            watch.add(name, hook)
    libraries.hook_loaded_libraries()
    for name in libraries.LIBRARY_HOOKS:
        if name not in sys.modules:
            watch.add(name, libraries.hook_library)


def _run_hidden_sitecustomize() -> None:
    """Runs the environment's own sitecustomize, which this file hides, if there is one."""
    here = os.path.dirname(os.path.abspath(__file__))
    sys.path[:] = [entry for entry in sys.path if os.path.abspath(entry or ".") != here]
    spec = importlib.machinery.PathFinder.find_spec("sitecustomize", sys.path)
    if spec is not None and spec.loader is not None:
        module = importlib.util.module_from_spec(spec)
        sys.modules["sitecustomize"] = module
        spec.loader.exec_module(module)


if os.environ.get("STIRBAR_DISABLED", "") in ("", "0") and os.environ.get("STIRBAR_SEGMENT"):
    _watch = ImportWatch()
    _watch.add("flask", lambda _module: _on_flask(_watch))
    sys.meta_path.insert(0, _watch)
_run_hidden_sitecustomize()
