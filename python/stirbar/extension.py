"""The Flask extension."""

from __future__ import annotations

import logging
import os
import shutil
import sysconfig
import zlib
from collections.abc import Callable, Iterable
from typing import Any

from flask import Flask

from stirbar import libraries, outgoing, servers
from stirbar.config import ResponsivenessConfig
from stirbar.engine import native, warn_once_if_missing
from stirbar.health_checker import HealthChecker
from stirbar.instrument import instrument
from stirbar.pages import make_blueprint
from stirbar.policy import degrade, limit, make_critical
from stirbar.pool_options import pool_options
from stirbar.system_optimizer import SystemOptimizer
from stirbar.trusted_peers import from_environment as trusted_by_environment
from stirbar.trusted_peers import parse_trusted_peers

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
        trusted_peers: addresses and networks of the proxies whose ``X-Request-Start`` and
            ``X-Request-Timeout`` are believed; "unix" for peers on a unix socket. Default: this
            machine. The environment (``STIRBAR_TRUSTED_PEERS=10.0.0.0/8,unix``) is stronger.
        refusal: the body of 503 answers to refused requests: a text, or (body, content type).
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
        trusted_peers: Iterable[str] | None = None,
        refusal: str | tuple[str | bytes, str] | None = None,
        url_prefix: str | None = "/admin",
    ) -> None:
        self.config = config
        self.access = access
        self.name = name
        self.supervisor = supervisor
        self.url_prefix = url_prefix
        self.trusted_peers = (
            None if trusted_peers is None else parse_trusted_peers(trusted_peers, "trusted_peers")
        )
        self.refusal = None if refusal is None else _checked_refusal(refusal)
        self.optimizer = SystemOptimizer()
        self.health = HealthChecker()
        if app is not None:
            self.init_app(app)

    limit = staticmethod(limit)
    degrade = staticmethod(degrade)
    pool_options = staticmethod(pool_options)

    @property
    def pressure(self) -> float:
        """Load, 0..1: the worst of memory, the kernel's memory pressure, and saturation.

        One read of memory. 0.0 while no supervisor watches.
        """
        return float(native.pressure()) if native is not None else 0.0

    def count_degraded(self) -> None:
        """Counts the running request as served a cheaper answer, which the application chose."""
        if native is not None:
            native.count_degraded()

    def init_app(self, app: Flask) -> None:
        """Instruments `app` and adds the pages. A second call for the same app does nothing."""
        if isinstance(app.extensions.get("stirbar"), Stirbar):
            return
        app.extensions["stirbar"] = self
        settings = ResponsivenessConfig.from_mapping(app.config)
        if self.config is not None:
            settings.update(self.config.values())
        ResponsivenessConfig.from_environment()  # refused here, not by the supervisor in the dark
        trusted_by_environment()
        if self.url_prefix is not None:
            pages = make_blueprint(self.url_prefix, self.access, self.health)
            app.register_blueprint(pages, url_prefix=self.url_prefix)
            make_critical(app, pages.name)
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
        # Checked above; the environment's were set where the native part was loaded.
        if self.trusted_peers is not None and trusted_by_environment() is None:
            native.set_trusted_peers(self.trusted_peers)
        if self.refusal is not None:
            native.set_refusal(*self.refusal)
        instrument(app)
        servers.hook_loaded_servers()
        libraries.hook_loaded_libraries()

    def protect(self, host: str, *, failures: int = 5, cooldown: str | float = "10s") -> None:
        """As `stirbar.protect`: a breaker before the outgoing calls to `host`."""
        outgoing.protect(host, failures=failures, cooldown=cooldown)


def _checked_refusal(refusal: str | tuple[str | bytes, str]) -> tuple[bytes, str]:
    body, kind = (refusal, "text/plain; charset=utf-8") if isinstance(refusal, str) else refusal
    if not isinstance(body, (str, bytes)) or not isinstance(kind, str) or not kind.isprintable():
        raise ValueError(
            f"refusal: {refusal!r} is not allowed; it takes a text, or a body and its content type"
        )
    return body.encode() if isinstance(body, str) else body, kind


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
