"""Stirbar keeps a Flask application responsive, and shows what happens in it.

    from stirbar import Stirbar
    stirbar = Stirbar(app)

or, with no change to the application, ``stirbar run -- gunicorn app:app``.
"""

from typing import TYPE_CHECKING, Any

from stirbar.alert import Alert
from stirbar.config import ResponsivenessConfig
from stirbar.extension import Stirbar
from stirbar.health_checker import HealthChecker
from stirbar.health_status import HealthStatus
from stirbar.interrupted import RequestInterrupted
from stirbar.outgoing import HostUnavailable, protect
from stirbar.performance_metrics import PerformanceMetrics
from stirbar.policy import degrade, limit
from stirbar.resource_metrics import ResourceMetrics
from stirbar.system_optimizer import SystemOptimizer

if TYPE_CHECKING:
    from stirbar.database_manager import DatabaseManager as DatabaseManager

__version__ = "0.1.0"

__all__ = [
    "Alert",
    "HealthChecker",
    "HealthStatus",
    "HostUnavailable",
    "PerformanceMetrics",
    "RequestInterrupted",
    "ResourceMetrics",
    "ResponsivenessConfig",
    "Stirbar",
    "SystemOptimizer",
    "degrade",
    "limit",
    "protect",
]


def __getattr__(name: str) -> Any:
    # SQLAlchemy is optional: only who asks for it imports it.
    if name == "DatabaseManager":
        from stirbar.database_manager import DatabaseManager

        return DatabaseManager
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
