"""Instruments the libraries that the application uses, so that the time of a request has names.

Each is hooked once it is imported: by ``stirbar run`` when that happens, by ``Stirbar(app)`` and at
the start of a worker for what is loaded by then.
"""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable
from types import ModuleType

from stirbar.engine import logger, native
from stirbar.instrument_http import hook_http_client, hook_urllib3
from stirbar.instrument_redis import hook_redis
from stirbar.instrument_sqlalchemy import hook_sqlalchemy

# Module -> what hooks it once it is imported.
LIBRARY_HOOKS: dict[str, Callable[[ModuleType], None]] = {
    "sqlalchemy": hook_sqlalchemy,
    "redis": hook_redis,
    "http.client": hook_http_client,
    "urllib3": hook_urllib3,
}

_hooked: set[str] = set()


def hook_library(module: ModuleType) -> None:
    """Hooks `module`, once. Where that fails, one warning says so, and the library is as it was."""
    name = module.__name__
    if native is None or name in _hooked:
        return
    _hooked.add(name)
    try:
        LIBRARY_HOOKS[name](module)
    except Exception as fault:  # another version, or replaced by something else: the app runs on
        logger.warning("the time spent in %s is not measured: %s", name, fault)


def hook_loaded_libraries() -> None:
    """Hooks those that are imported already, and the garbage collector. Idempotent."""
    if native is None:
        return
    if "gc" not in _hooked:
        _hooked.add("gc")
        gc.callbacks.append(native.garbage_listener())
    for name in LIBRARY_HOOKS:
        module = sys.modules.get(name)
        # One that is being imported is not whole yet; it is met again when the worker starts.
        spec = getattr(module, "__spec__", None)
        if module is not None and not getattr(spec, "_initializing", False):
            hook_library(module)
