"""What the app takes of the machine."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from stirbar.times import parse_time


@dataclass(frozen=True)
class ResourceMetrics:
    """Resources of the whole app, all worker processes together.

    Percentages are 0..100. None: not measured. In a container with a memory limit,
    `memory_usage_percent` is against that limit.

    Attributes:
        memory_usage_mb: of the app's processes, 1 MB = 1,000,000 bytes.
        cpu_usage_percent: 100 is every CPU that the app may use.
        request_queue_size: connections that wait in the kernel for a worker.
    """

    timestamp: datetime
    memory_usage_percent: float | None
    memory_usage_mb: float | None
    cpu_usage_percent: float | None
    disk_usage_percent: float | None
    connection_pool_utilization: float | None
    active_threads: int
    request_queue_size: int

    @classmethod
    def from_snapshot(cls, part: Mapping[str, Any]) -> ResourceMetrics:
        """From ``resources`` of the snapshot."""
        return cls(**{**part, "timestamp": parse_time(part["timestamp"])})
