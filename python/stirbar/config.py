"""Thresholds and switches, with the seed's names and defaults."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

from stirbar.engine import native


@dataclass
class ResponsivenessConfig:
    """What counts as trouble, and what may be done about it.

    Ratios are 0..1, times are seconds, modes are "off", "observe" or "on". The first six fields are
    the seed's. The table that the native part keeps (src/base/settings.h) says what each means and
    which values it takes.

    Raises:
        ValueError: a value is out of range; names the field, the value and what is allowed.
    """

    memory_warning_threshold: float = 0.8
    memory_critical_threshold: float = 0.9
    cpu_warning_threshold: float = 0.8
    cpu_critical_threshold: float = 0.9
    monitoring_interval: int = 30
    cleanup_enabled: bool = True
    slow_request_threshold: float = 5.0
    error_rate_warning_threshold: float = 0.05
    error_rate_critical_threshold: float = 0.25
    lock_wait_warning_threshold: float = 0.25
    lock_wait_critical_threshold: float = 0.5
    heartbeat_warning_threshold: float = 1.0
    heartbeat_critical_threshold: float = 3.0
    accept_queue_warning_threshold: int = 10
    accept_queue_critical_threshold: int = 100
    hang_limit: float = 60.0
    queue_time_warning_threshold: float = 0.5
    queue_time_critical_threshold: float = 2.0
    saturation_warning_threshold: float = 0.7
    saturation_critical_threshold: float = 0.95
    observe_only: bool = False
    admission: str = "on"
    request_deadline: float = 10.0
    queue_delay_target: float = 0.1
    concurrency_limit: int = 0
    backlog_control: str = "on"
    shed_level: int = -1
    stuck_request_limit: float = 30.0
    stuck_request_record: str = "on"
    stuck_request_interrupt: str = "observe"
    stuck_request_replace: str = "observe"
    stuck_request_replace_after: float = 30.0
    replacements_per_hour: int = 6
    outgoing_timeouts: str = "on"
    outgoing_connect_timeout: float = 3.0
    outgoing_read_timeout: float = 10.0
    long_lived_limit: int = 0
    client_address_bits: int = 24
    connection_pool: str = "on"
    pool_lifetime: float = 1800.0
    pool_idle_timeout: float = 3600.0
    pool_overflow_linger: float = 30.0
    pool_keep_alive: float = 120.0
    pool_ping_after: float = 0.5
    pool_leak_threshold: float = 30.0
    pool_leak_reclaim: str = "observe"
    pool_utilization_warning_threshold: float = 0.9
    pool_wait_critical_threshold: float = 1.0
    pool_throttle: str = "on"
    database_breaker: str = "on"
    slow_query_threshold: float = 2.0
    database_connection_ratio: float = 0.8
    history_size_limit: int = 200
    history_days: int = 400
    alert_group_wait: float = 10.0
    alert_group_interval: float = 300.0
    alert_repeat_interval: float = 14400.0
    alert_flap_changes: int = 6
    alert_flap_window: float = 600.0
    sink_failure_limit: float = 300.0
    monitor_memory: str = "on"
    monitor_cpu: str = "on"
    monitor_disk: str = "on"
    monitor_queue: str = "on"
    monitor_requests: str = "on"
    monitor_workers: str = "on"
    monitor_database: str = "on"
    cleanup_garbage: str = "on"
    cleanup_caches: str = "on"
    cleanup_connections: str = "on"
    cleanup_callbacks: str = "on"
    cleanup_trim: str = "on"
    cleanup_idle_wait: float = 5.0
    cleanup_budget: float = 0.25
    cleanup_idle_connections: int = 1
    emergency: str = "on"
    emergency_cooldown: float = 30.0
    recycle_drain_timeout: float = 30.0
    pool_leak_close: bool = False

    def __post_init__(self) -> None:
        if native is not None:
            native.check_settings(self.values())

    def values(self) -> dict[str, float]:
        """All fields as numbers, as the native part takes them."""
        return {name: _checked(name, value) for name, value in asdict(self).items()}

    @classmethod
    def field_names(cls) -> tuple[str, ...]:
        """The names of all settings."""
        return tuple(field.name for field in fields(cls))

    @classmethod
    def from_mapping(cls, mapping: Mapping[str, Any]) -> dict[str, float]:
        """The settings that `mapping` (``app.config``) names as ``STIRBAR_`` + upper case name.

        Raises:
            ValueError: a value is not allowed.
        """
        found = {}
        for name in cls.field_names():
            key = f"STIRBAR_{name.upper()}"
            if key in mapping:
                found[name] = _checked(name, mapping[key])
        return found

    @classmethod
    def from_environment(cls) -> dict[str, float]:
        """The settings that the environment names, as `from_mapping`."""
        return cls.from_mapping(os.environ)


def _checked(name: str, value: Any) -> float:
    """As the native part says: one table, and one sentence for what it does not take."""
    if native is None:
        return float(value) if isinstance(value, (int, float)) else 0.0
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return float(native.check_setting(name, float(value)))
    # Of a mode, True is "on", and not the 1 that means "observe".
    text = str(value).lower() if isinstance(value, bool) else str(value)
    return float(native.parse_setting(name, text))
