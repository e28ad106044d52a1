"""The Flask extension."""

from __future__ import annotations

import logging
import os
import shutil
import sysconfig
import zlib
from collections.abc import Callable
from typing import Any

from flask import Flask

from stirbar import libraries, outgoing, servers
from stirbar.config import ResponsivenessConfig
from stirbar.engine import native, warn_once_if_missing
from stirbar.health_checker import HealthChecker
from stirbar.instrument import instrument
from stirbar.pages import make_blueprint
from stirbar.system_optimizer import SystemOptimizer

logger = logging.getLogger("stirbar")

AccessRule = Callable[[], Any]


class Stirbar:
    """Adds Stirbar to a Flask application.

    Args:
        app: the application; or call `init_app` later.
        config: thresholds. Stronger than ``app.config["STIRBAR_..."]``, weaker than the environment
            (``STIRBAR_MEMORY_WARNING_THRESHOLD=0.7``) and changes at run time.
        access: called without arguments in the request; what it returns says whether the pages may
            be shown. Without a rule only loopback clients see them, everybody else gets 403.
        name: of the app, where several run on a machine. Default: the application's import name.
        supervisor: whether the first worker starts a supervisor when none runs. Under
            ``stirbar run`` there is one already.
        url_prefix: where the pages ``responsiveness``, ``monitoring`` and ``health`` are added;
            None adds none.

    Raises:
        ValueError: a setting is not allowed; names field, value and range.
    """

    def __init__(
        self,
        app: Flask | None = None,
        *,
        config: ResponsivenessConfig | None = None,
        access: AccessRule | None = None,
        name: str | None = None,
        supervisor: bool = True,
        url_prefix: str | None = "/admin",
    ) -> None:
        self.config = config
        self.access = access
        self.name = name
        self.supervisor = supervisor
        self.url_prefix = url_prefix
        self.optimizer = SystemOptimizer()
        self.health = HealthChecker()
        if app is not None:
            self.init_app(app)

    def init_app(self, app: Flask) -> None:
        """Instruments `app` and adds the pages. A second call for the same app does nothing."""
        if isinstance(app.extensions.get("stirbar"), Stirbar):
            return
        app.extensions["stirbar"] = self
        settings = ResponsivenessConfig.from_mapping(app.config)
        if self.config is not None:
            settings.update(self.config.values())
        ResponsivenessConfig.from_environment()  # refused here, not by the supervisor in the dark
        if self.url_prefix is not None:
            pages = make_blueprint(self.url_prefix, self.access, self.health)
            app.register_blueprint(pages, url_prefix=self.url_prefix)
        if warn_once_if_missing():
            return
        name = self.name or app.import_name
        # Two projects may both be called "app"; their folders differ.
        place = self.name or f"{name}-{zlib.crc32(app.root_path.encode()):08x}"
        try:
            path = native.segment_path(place)
        except RuntimeError as reason:
            logger.warning("requests are served unmonitored: %s", reason)
            return
        launched = bool(os.environ.get("STIRBAR_SEGMENT"))  # `stirbar run` has made the segment
        command = [] if launched or not self.supervisor else supervisor_command(path, name)
        if not native.configure(path, "" if launched else name, command, settings):
            logger.warning(
                "this process already reports as another app; %s reports there too", name
            )
        instrument(app)
        servers.hook_loaded_servers()
        libraries.hook_loaded_libraries()

    def protect(self, host: str, *, failures: int = 5, cooldown: str | float = "10s") -> None:
        """As `stirbar.protect`: a breaker before the outgoing calls to `host`."""
        outgoing.protect(host, failures=failures, cooldown=cooldown)


def supervisor_command(path: str, name: str) -> list[str]:
    """What a worker starts when no supervisor watches; empty when the program is missing."""
    binary = find_binary()
    if binary is None:
        logger.warning("no supervisor: the program 'stirbar' was not found")
        return []
    return [binary, "attach", "--daemon", "--segment", path, "--name", name]


def find_binary() -> str | None:
    """The program ``stirbar`` that was installed with this package, else the one on the PATH."""
    installed = os.path.join(sysconfig.get_path("scripts"), "stirbar")
    return installed if os.access(installed, os.X_OK) else shutil.which("stirbar")
