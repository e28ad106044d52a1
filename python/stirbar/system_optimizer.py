"""Resources and responsiveness of the whole app, and cleanup of this process."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from stirbar import memory_care, observed
from stirbar.engine import native
from stirbar.health_checker import HealthChecker
from stirbar.health_status import HealthStatus
from stirbar.performance_metrics import PerformanceMetrics
from stirbar.resource_metrics import ResourceMetrics

# What decides whether the app counts as responsive.
_RESPONSIVENESS = (
    "slow_request_threshold",
    "lock_wait_warning_threshold",
    "lock_wait_critical_threshold",
    "heartbeat_warning_threshold",
    "heartbeat_critical_threshold",
    "accept_queue_warning_threshold",
    "accept_queue_critical_threshold",
    "queue_time_warning_threshold",
    "queue_time_critical_threshold",
    "saturation_warning_threshold",
    "saturation_critical_threshold",
    "request_deadline",
    "hang_limit",
)


def _lines(rows: Iterable[Mapping[str, Any]]) -> list[str]:
    """Each recommendation as one line: what, why, what for, how."""
    lines = []
    for row in rows:
        line = f"{row['text']} ({row['evidence']})"
        if row.get("effect"):
            line += f" Expected: {row['effect']}."
        if row.get("command"):
            line += f" Command: {row['command']}"
        lines.append(line)
    return lines


class SystemOptimizer:
    """The seed's SystemOptimizer: measures, judges, recommends, cleans up."""

    def __init__(self) -> None:
        self._health = HealthChecker()

    def get_performance_metrics(self) -> dict[str, Any]:
        """Resources, performance, where they go, the thresholds they are judged by, what is wrong.

        Returns:
            ``resources`` (ResourceMetrics; percent 0..100, MB) and ``performance``
            (PerformanceMetrics; seconds, ratios 0..1), of the last second and the last minute.
            ``trends``: figure (``memory_bytes``, ``memory_ratio``, ``p95_seconds``,
            ``accept_queue``) -> dict of ``unit``, ``now``, ``slope_per_hour`` (None: no trend, see
            ``reason``), its bounds of 99 % ``slope_low_per_hour`` and ``slope_high_per_hour``,
            ``window_seconds`` (at most 900) and ``reaches_critical_seconds``. The slope is the
            median of the slopes between all pairs of points (Theil-Sen), and none where noise
            explains it.
            ``thresholds`` (setting -> value), ``alerts`` (list of Alert, worst first),
            ``recommendations`` (as `get_recommendations`).

            Resources and performance are None, and ``unavailable`` says why, where no supervisor
            measures.
        """
        thresholds = native.settings() if native is not None else {}
        try:
            seen = observed.snapshot()
        except observed.NotObserved as reason:
            return {
                "resources": None,
                "performance": None,
                "trends": {},
                "thresholds": thresholds,
                "alerts": [],
                "recommendations": [],
                "unavailable": str(reason),
            }
        return {
            "resources": ResourceMetrics.from_snapshot(seen["resources"]),
            "performance": PerformanceMetrics.from_snapshot(seen["performance"]),
            "trends": seen.get("trends", {}),
            "thresholds": thresholds,
            "alerts": HealthStatus.from_snapshot(seen["health"]).alerts,
            "recommendations": _lines(seen["health"]["recommendations"]),
        }

    def get_recommendations(self) -> list[str]:
        """What to do, ranked: by severity, then by how much of the trouble it takes away.

        Each line has what to do, the figures that say so, what is expected of it, and the command
        where there is one. `recommendation_details` has the same in parts.
        """
        try:
            return _lines(observed.snapshot()["health"]["recommendations"])
        except observed.NotObserved as reason:
            return [str(reason)]

    def recommendation_details(self) -> list[dict[str, Any]]:
        """The recommendations as dicts, ranked; empty where no supervisor measures.

        Each has ``severity``, ``component``, ``rule``, ``text``, ``evidence``, ``effect``,
        ``command`` (texts; empty: there is none), ``page`` (that shows the figures) and
        ``gain_ratio`` (0..1: how much of the trouble it is expected to take away).
        """
        try:
            rows: list[dict[str, Any]] = observed.snapshot()["health"]["recommendations"]
        except observed.NotObserved:
            return []
        return rows

    def get_health_status(self) -> HealthStatus:
        """The health of the app."""
        return self._health.check()

    def check_responsiveness(self) -> dict[str, Any]:
        """Whether the app answers, and if not, why.

        Returns:
            ``responsive`` (bool: /health/ready passes or warns; None where nobody judges),
            ``status`` (healthy, warning, critical), ``reasons`` (texts, worst first), ``workers``
            (slot, pid, state, reason each), ``in_flight`` (oldest first),
            ``oldest_request_seconds`` (0 when nothing is in flight), ``request_queue_size``
            (connections), ``latency`` (p50, p95, p99 of the last minute, in seconds), ``traffic``
            (saturation, queue time, what is refused and why, as in the snapshot), ``trends`` (of
            ``p95_seconds`` and ``accept_queue``, as in `get_performance_metrics`), ``thresholds``
            (those of latency, queue and hangs), ``alerts`` (list of Alert about workers, queue and
            requests) and ``recommendations`` (what to do about them).
        """
        try:
            seen = observed.snapshot()
        except observed.NotObserved as reason:
            return {"responsive": None, "status": "warning", "reasons": [str(reason)]}
        in_flight = seen["in_flight"]
        settings = native.settings() if native is not None else {}
        health = seen["health"]
        return {
            "responsive": seen["probes"]["ready"]["status"] != "fail",
            "status": seen["status"],
            "reasons": seen["reasons"],
            "workers": [
                {key: worker[key] for key in ("slot", "pid", "state", "reason")}
                for worker in seen["workers"]
            ],
            "in_flight": in_flight,
            "oldest_request_seconds": in_flight[0]["age_seconds"] if in_flight else 0.0,
            "request_queue_size": seen["resources"]["request_queue_size"],
            "latency": seen["latency"],
            "traffic": seen["traffic"],
            "trends": {
                name: trend
                for name, trend in seen.get("trends", {}).items()
                if name in ("p95_seconds", "accept_queue")
            },
            "thresholds": {name: settings[name] for name in _RESPONSIVENESS if name in settings},
            "alerts": [
                alert
                for alert in HealthStatus.from_snapshot(health).alerts
                if alert.component in ("workers", "queue", "requests")
            ],
            "recommendations": _lines(
                row
                for row in health["recommendations"]
                if row["component"] in ("workers", "queue", "requests")
            ),
        }

    def trigger_cleanup_if_needed(self) -> dict[str, Any]:
        """Cleans up the memory of this process when the app's memory is short.

        Runs each step whose setting is on: idle connections, what ``@stirbar.cleanup`` has
        registered, a quarter of each registered cache, garbage of all generations, trim. Takes tens
        of milliseconds for a large heap. With ``cleanup_enabled`` off, or under ``observe_only``,
        it only says that it is needed.

        Returns:
            ``needed``, ``ran`` (bool), ``reason``, and when it ran ``steps`` (list of dicts:
            ``step``, ``before_bytes`` and ``after_bytes`` of the resident set,
            ``reclaimed_bytes``, ``count``, ``duration_seconds``, ``text``), and of all together
            ``reclaimed_bytes``, ``collected_objects``, ``duration_seconds``.
        """
        if native is None:
            return {"needed": False, "ran": False, "reason": "the native part is missing"}
        settings = native.settings()
        try:
            percent = observed.snapshot()["resources"]["memory_usage_percent"]
        except observed.NotObserved as reason:
            return {"needed": False, "ran": False, "reason": str(reason)}
        limit = settings["memory_warning_threshold"] * 100
        if percent is None or percent < limit:
            shown = "not measured" if percent is None else f"{percent:.1f} %"
            return {
                "needed": False,
                "ran": False,
                "reason": f"memory {shown}, warning at {limit:.0f} %",
            }
        why = f"memory {percent:.1f} % is above {limit:.0f} %"
        for switch, allowed in (("cleanup_enabled", 1), ("observe_only", 0)):
            if bool(settings[switch]) != bool(allowed):
                state = "off" if allowed else "on"
                return {"needed": True, "ran": False, "reason": f"{why}; {switch} is {state}"}
        return {"needed": True, "ran": True, "reason": why, **memory_care.clean_up(settings)}
