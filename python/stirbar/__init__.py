"""Stirbar keeps a Flask application responsive, and shows what happens in it.

    from stirbar import Stirbar
    stirbar = Stirbar(app)

or, with no change to the application, ``stirbar run -- gunicorn app:app``.
"""

import importlib
from typing import TYPE_CHECKING, Any

from stirbar.alert import Alert
from stirbar.caches import cache
from stirbar.cleaners import cleanup
from stirbar.config import ResponsivenessConfig
from stirbar.extension import Stirbar
from stirbar.health_checker import HealthChecker
from stirbar.health_status import HealthStatus
from stirbar.interrupted import RequestInterrupted
from stirbar.notification_system_monitor import NotificationSystemMonitor
from stirbar.outgoing import HostUnavailable, protect
from stirbar.performance_metrics import PerformanceMetrics
from stirbar.policy import degrade, limit
from stirbar.pool_options import pool_options
from stirbar.readonly_work import readonly
from stirbar.resource_metrics import ResourceMetrics
from stirbar.system_optimizer import SystemOptimizer

if TYPE_CHECKING:
    from stirbar.database_errors import DatabaseUnavailable, PoolFull, PoolThrottled, PoolTimeout
    from stirbar.database_manager import DatabaseManager as DatabaseManager

__version__ = "0.1.0"

__all__ = [
    "Alert",
    "DatabaseUnavailable",
    "HealthChecker",
    "HealthStatus",
    "HostUnavailable",
    "NotificationSystemMonitor",
    "PerformanceMetrics",
    "PoolFull",
    "PoolThrottled",
    "PoolTimeout",
    "RequestInterrupted",
    "ResourceMetrics",
    "ResponsivenessConfig",
    "Stirbar",
    "SystemOptimizer",
    "cache",
    "cleanup",
    "degrade",
    "limit",
    "pool_options",
    "protect",
    "readonly",
]

# Imported when somebody asks for them: they import SQLAlchemy, which is optional.
_WITH_SQLALCHEMY = {
    "DatabaseManager": "database_manager",
    "DatabaseUnavailable": "database_errors",
    "PoolFull": "database_errors",
    "PoolThrottled": "database_errors",
    "PoolTimeout": "database_errors",
}


def __getattr__(name: str) -> Any:
    if name in _WITH_SQLALCHEMY:
        return getattr(importlib.import_module(f"stirbar.{_WITH_SQLALCHEMY[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
