"""Whether alerts reach those who should hear of them: the health of the sinks themselves."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from stirbar import observed
from stirbar.times import parse_time


@dataclass(frozen=True)
class SinkStatus:
    """One place that alerts go to.

    Attributes:
        name: as configured.
        kind: log, webhook, email, alertmanager or command.
        target: where to, without what may be secret in it.
        status: ``healthy``, ``failing``, or ``unused`` while nothing was sent yet.
        delivered: messages that it has taken, since the supervisor began.
        failures: attempts that failed.
        lost: messages given up: refused by it, or without room while it was down.
        waiting: messages that it gets when it takes them again, in order.
        oldest_waiting_seconds: the age of the oldest of these; None when none waits.
        failing_seconds: since when it fails; 0 when it works.
        last_success: when it took one (UTC); None: never.
        last_error: why the newest attempt failed; empty when it did not.
    """

    name: str
    kind: str
    target: str
    status: str
    delivered: int
    failures: int
    lost: int
    waiting: int
    oldest_waiting_seconds: float | None
    failing_seconds: float
    last_success: datetime | None
    last_error: str

    @classmethod
    def from_snapshot(cls, row: dict[str, Any]) -> SinkStatus:
        """From a row of ``alerting.sinks`` of the snapshot."""
        success = row["last_success"]
        failing = float(row["failing_seconds"])
        return cls(
            name=row["name"],
            kind=row["kind"],
            target=row["target"],
            status="failing" if failing > 0 else "healthy" if success else "unused",
            delivered=row["delivered"],
            failures=row["failures"],
            lost=row["refused"] + row["dropped"],
            waiting=row["waiting"],
            oldest_waiting_seconds=row["oldest_waiting_seconds"],
            failing_seconds=failing,
            last_success=parse_time(success) if success else None,
            last_error=row["last_error"],
        )


class NotificationSystemMonitor:
    """The seed's NotificationSystemMonitor: watches what tells people of trouble.

    Asking costs a read of shared memory; no sink is touched.
    """

    def get_status(self) -> dict[str, Any]:
        """How the sinks fare.

        Returns:
            ``status`` (``healthy``, ``warning`` while a sink fails, ``unknown``), ``sinks`` (list
            of SinkStatus), ``waiting`` (messages over all sinks), ``firing``, ``pending``,
            ``silenced`` and ``acknowledged`` (alerts), ``trouble`` (why what waits is in memory
            only, or why nothing is known; else empty).
        """
        try:
            alerting = observed.snapshot()["alerting"]
        except observed.NotObserved as reason:
            return {
                "status": "unknown",
                "sinks": [],
                "waiting": 0,
                "firing": 0,
                "pending": 0,
                "silenced": 0,
                "acknowledged": 0,
                "trouble": str(reason),
            }
        sinks = [SinkStatus.from_snapshot(row) for row in alerting["sinks"]]
        trouble: str = alerting["outbox"]["trouble"]
        fails = trouble or any(sink.status == "failing" for sink in sinks)
        counts = {
            name: sum(alerting[name].values())
            for name in ("firing", "pending", "silenced", "acknowledged")
        }
        return {
            "status": "warning" if fails else "healthy",
            "sinks": sinks,
            "waiting": alerting["outbox"]["messages"],
            **counts,
            "trouble": trouble,
        }
