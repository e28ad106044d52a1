"""Times as the snapshot writes them."""

from __future__ import annotations

from datetime import datetime, timezone


def parse_time(text: str) -> datetime:
    """An RFC 3339 time ending in ``Z``, as an aware datetime in UTC."""
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


def now() -> datetime:
    """The present, as an aware datetime in UTC."""
    return datetime.now(timezone.utc)
