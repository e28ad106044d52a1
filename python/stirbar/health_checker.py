"""Health, as the supervisor judges it."""

from __future__ import annotations

from typing import Any

from stirbar import observed
from stirbar.health_status import HealthStatus

_WORDS = {"healthy": "pass", "warning": "warn"}


class HealthChecker:
    """Health of the whole app, from what the supervisor last published.

    All of its monitors feed it: resources, connection pools and databases, requests and their
    queue, workers, and the rules of stirbar.toml.

    Asking costs a read of shared memory: no session, no connection, no dependency is touched, and
    the answer comes also when those hang.
    """

    def check(self) -> HealthStatus:
        """The health of the app; a warning with the reason when no supervisor judges it."""
        try:
            return HealthStatus.from_snapshot(observed.snapshot()["health"])
        except observed.NotObserved as reason:
            return HealthStatus.unknown(str(reason))

    def liveness(self) -> dict[str, str]:
        """``status`` (pass, warn, fail) and ``reason`` of /health/live."""
        return self._probe("live")

    def readiness(self) -> dict[str, str]:
        """``status`` (pass, warn, fail) and ``reason`` of /health/ready."""
        return self._probe("ready")

    def startup(self) -> dict[str, str]:
        """``status`` (pass, warn, fail) and ``reason`` of /health/startup."""
        return self._probe("startup")

    def dependencies(self) -> list[dict[str, str]]:
        """What the app leans on, worst first: pools, database servers, hosts, sinks of alerts.

        None of them makes liveness or readiness fail.

        Each has ``component`` (that depends on it), ``kind``, ``name``, ``status``, ``reason`` (why
        it is not healthy) and ``detail`` (how it fares; of sinks).
        """
        try:
            rows: list[dict[str, str]] = observed.snapshot()["health"]["dependencies"]
        except observed.NotObserved:
            return []
        return rows

    def groups(self) -> dict[str, dict[str, str]]:
        """The groups of stirbar.toml: name -> ``status`` (pass, warn, fail) and ``reason``."""
        try:
            rows = observed.snapshot()["health"]["groups"]
        except observed.NotObserved:
            return {}
        return {row["name"]: {"status": row["status"], "reason": row["reason"]} for row in rows}

    def report(self) -> dict[str, Any]:
        """The health as an ``application/health+json`` document.

        ``checks`` has the app's state by component, with why it is not healthy; the supervisor's
        own /health/ready has the measurements, too.
        """
        health = self.check()
        reasons = self._reasons()
        checks: dict[str, list[dict[str, str]]] = {}
        for name, status in health.components.items():
            check = {
                "componentType": "component",
                "observedValue": status,
                "status": _WORDS.get(status, "fail"),
                "time": health.last_check.isoformat(),
            }
            if name in reasons:
                check["output"] = reasons[name]
            checks[f"{name}:state"] = [check]
        return {
            "status": _WORDS.get(health.overall_status, "fail"),
            "output": "; ".join(alert.message for alert in health.alerts)
            or "; ".join(health.recommendations),
            "checks": checks,
        }

    def _reasons(self) -> dict[str, str]:
        try:
            return dict(observed.snapshot()["health"]["component_reasons"])
        except observed.NotObserved:
            return {}

    def _probe(self, name: str) -> dict[str, str]:
        try:
            probe: dict[str, str] = observed.snapshot()["probes"][name]
            return probe
        except observed.NotObserved as reason:
            return {"status": "warn", "reason": str(reason)}
