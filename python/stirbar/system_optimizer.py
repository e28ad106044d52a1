"""Resources and responsiveness of the whole app, and cleanup of this process."""

from __future__ import annotations

from typing import Any

from stirbar import memory_care, observed
from stirbar.engine import native
from stirbar.health_checker import HealthChecker
from stirbar.health_status import HealthStatus
from stirbar.performance_metrics import PerformanceMetrics
from stirbar.resource_metrics import ResourceMetrics


class SystemOptimizer:
    """The seed's SystemOptimizer: measures, judges, recommends, cleans up."""

    def __init__(self) -> None:
        self._health = HealthChecker()

    def get_performance_metrics(self) -> dict[str, Any]:
        """Resources, performance, the thresholds that they are judged by, and what is wrong.

        Returns:
            ``resources`` (ResourceMetrics), ``performance`` (PerformanceMetrics), ``thresholds``
            (setting -> value), ``alerts`` (list of Alert). Resources and performance are None, and
            ``unavailable`` says why, where no supervisor measures.
        """
        thresholds = native.settings() if native is not None else {}
        try:
            seen = observed.snapshot()
        except observed.NotObserved as reason:
            return {
                "resources": None,
                "performance": None,
                "thresholds": thresholds,
                "alerts": [],
                "unavailable": str(reason),
            }
        return {
            "resources": ResourceMetrics.from_snapshot(seen["resources"]),
            "performance": PerformanceMetrics.from_snapshot(seen["performance"]),
            "thresholds": thresholds,
            "alerts": HealthStatus.from_snapshot(seen["health"]).alerts,
        }

    def get_recommendations(self) -> list[str]:
        """What to do, worst first, each with the figures behind it."""
        try:
            rows = observed.snapshot()["health"]["recommendations"]
        except observed.NotObserved as reason:
            return [str(reason)]
        return [f"{row['text']} ({row['evidence']})" for row in rows]

    def get_health_status(self) -> HealthStatus:
        """The health of the app."""
        return self._health.check()

    def check_responsiveness(self) -> dict[str, Any]:
        """Whether the app answers, and if not, why.

        Returns:
            ``responsive`` (bool: /health/ready passes or warns), ``status``, ``reasons``,
            ``workers`` (slot, pid, state, reason each), ``in_flight`` (oldest first),
            ``oldest_request_seconds`` (0 when nothing is in flight), ``request_queue_size``,
            ``latency`` (p50, p95, p99 of the last minute, in seconds), ``traffic`` (saturation,
            queue time, what is refused and why, as in the snapshot).
        """
        try:
            seen = observed.snapshot()
        except observed.NotObserved as reason:
            return {"responsive": None, "status": "warning", "reasons": [str(reason)]}
        in_flight = seen["in_flight"]
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
