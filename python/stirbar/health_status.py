"""The verdict on the whole app."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from stirbar.alert import Alert
from stirbar.times import now, parse_time


@dataclass(frozen=True)
class HealthStatus:
    """Health of the app and of its parts.

    Attributes:
        overall_status: ``healthy``, ``warning`` or ``critical``.
        components: the same for memory, cpu, disk, workers, queue and requests, for database where
            the app has a pool, and for those that rules of stirbar.toml name.
        alerts: what is wrong, worst first.
        recommendations: what to do about it, worst first.
        last_check: when the supervisor judged (UTC).
    """

    overall_status: str
    components: dict[str, str]
    alerts: list[Alert] = field(default_factory=list)
    recommendations: list[str] = field(default_factory=list)
    last_check: datetime = field(default_factory=now)

    @classmethod
    def from_snapshot(cls, part: Mapping[str, Any]) -> HealthStatus:
        """From ``health`` of the snapshot."""
        return cls(
            overall_status=part["overall_status"],
            components=dict(part["components"]),
            alerts=[Alert.from_snapshot(row) for row in part["alerts"]],
            recommendations=[row["text"] for row in part["recommendations"]],
            last_check=parse_time(part["last_check"]),
        )

    @classmethod
    def unknown(cls, reason: str) -> HealthStatus:
        """When nobody judges: a warning that says so."""
        return cls("warning", {"stirbar": "warning"}, recommendations=[reason])
