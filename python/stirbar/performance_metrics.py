"""How the app answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from stirbar.times import parse_time


@dataclass(frozen=True)
class PerformanceMetrics:
    """Requests of the whole app over the last minute.

    Times are seconds, rates 0..1. None: not measured, or no request in that minute.
    `database_query_time` is the mean time of a request in SQL, as SQLAlchemy sees it; None before
    the first statement. `cache_hit_rate` is that of all look-ups in the caches registered with
    `stirbar.cache`; None while nobody asks one.
    """

    timestamp: datetime
    avg_response_time: float | None
    slow_request_count: int
    error_rate: float | None
    throughput_rps: float
    database_query_time: float | None
    cache_hit_rate: float | None

    @classmethod
    def from_snapshot(cls, part: Mapping[str, Any]) -> PerformanceMetrics:
        """From ``performance`` of the snapshot."""
        return cls(**{**part, "timestamp": parse_time(part["timestamp"])})
