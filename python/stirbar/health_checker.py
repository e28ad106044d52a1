"""Health, as the supervisor judges it."""

from __future__ import annotations

from typing import Any

from stirbar import observed
from stirbar.health_status import HealthStatus


class HealthChecker:
    """Health of the whole app, from what the supervisor last published.

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

    def report(self) -> dict[str, Any]:
        """The health as an ``application/health+json`` document."""
        health = self.check()
        return {
            "status": {"healthy": "pass", "warning": "warn"}.get(health.overall_status, "fail"),
            "output": "; ".join(alert.message for alert in health.alerts)
            or "; ".join(health.recommendations),
            "checks": {
                name: [
                    {
                        "status": {"healthy": "pass", "warning": "warn"}.get(status, "fail"),
                        "time": health.last_check.isoformat(),
                    }
                ]
                for name, status in health.components.items()
            },
        }

    def _probe(self, name: str) -> dict[str, str]:
        try:
            probe: dict[str, str] = observed.snapshot()["probes"][name]
            return probe
        except observed.NotObserved as reason:
            return {"status": "warn", "reason": str(reason)}
