"""The native part, or the reason why this process has none.

Where the extension cannot be loaded (another platform, another interpreter, a broken install) or is
switched off by ``STIRBAR_DISABLED=1``, `native` is None, one warning says why, and the application
runs as if Stirbar were not there.
"""

from __future__ import annotations

import atexit
import logging
import os
from typing import Any

logger = logging.getLogger("stirbar")


def _load() -> tuple[Any, str]:
    if os.environ.get("STIRBAR_DISABLED", "") not in ("", "0"):
        return None, "switched off by STIRBAR_DISABLED"
    try:
        from stirbar import _stirbar
    except Exception as fault:  # whatever it is: the application must run on
        return None, f"the native part cannot be loaded: {fault}"
    return _stirbar, ""


native, missing_reason = _load()

if native is not None:
    # Ends the native threads while the interpreter still stands, and tells a goodbye from a death.
    atexit.register(native.shutdown)

_warned = False


def warn_once_if_missing() -> bool:
    """Whether the native part is missing; the first call that finds it so logs a warning."""
    global _warned
    if native is not None:
        return False
    if not _warned:
        _warned = True
        logger.warning("requests are served unmonitored: %s", missing_reason)
    return True
