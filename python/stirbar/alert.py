"""A rule that is entered and not yet left."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from stirbar.times import parse_time


@dataclass(frozen=True)
class Alert:
    """Something that is wrong now.

    Attributes:
        rule: the rule's name, such as ``memory`` or ``lock_wait``.
        component: memory, cpu, disk, workers, queue, requests, database, or one that a rule of
            stirbar.toml names.
        severity: ``warning`` or ``critical``.
        message: what is wrong, with the figures.
        value: the figure, in the unit of `threshold`.
        threshold: what it has passed.
        since: when it passed it (UTC).
        slot: the worker that is meant, or None for the whole app.
    """

    rule: str
    component: str
    severity: str
    message: str
    value: float
    threshold: float
    since: datetime
    slot: int | None = None

    @classmethod
    def from_snapshot(cls, row: Mapping[str, Any]) -> Alert:
        """From a row of ``health.alerts`` of the snapshot."""
        return cls(
            rule=row["rule"],
            component=row["component"],
            severity=row["severity"],
            message=row["message"],
            value=row["value"],
            threshold=row["threshold"],
            since=parse_time(row["since"]),
            slot=row.get("slot"),
        )
