"""What the supervisor last published, read from shared memory: no connection, no waiting."""

from __future__ import annotations

import json
import math
from typing import Any

from stirbar.engine import missing_reason, native
from stirbar.times import now, parse_time

# The supervisor publishes once a second.
STALE_AFTER_SECONDS = 5.0


class NotObserved(Exception):
    """There is no fresh snapshot; the text says why."""


def snapshot_text() -> str:
    """The newest snapshot as JSON text.

    Raises:
        NotObserved: this process is not attached, or no supervisor has published yet.
    """
    if native is None:
        raise NotObserved(missing_reason)
    text = native.snapshot()
    if text is None:
        raise NotObserved(native.trouble() or "no supervisor has published anything yet")
    return str(text)


def snapshot() -> dict[str, Any]:
    """The newest snapshot, as ``GET /api/v1/snapshot`` gives it.

    Raises:
        NotObserved: as `snapshot_text`, or the supervisor has been silent for 5 s.
    """
    observed: dict[str, Any] = json.loads(snapshot_text())
    age = (now() - parse_time(observed["time"])).total_seconds()
    if age > STALE_AFTER_SECONDS:
        raise NotObserved(f"the supervisor has been silent for {age:.0f} s")
    return observed


def history(points: int) -> dict[str, Any]:
    """The newest `points` seconds, as ``GET /api/v1/history`` gives them."""
    columns = native.history(points) if native is not None else {}
    series = {
        name: [None if math.isnan(value) else value for value in values]
        for name, values in columns.items()
    }
    return {"interval_seconds": 1, "points": len(series.get("time", ())), "series": series}
