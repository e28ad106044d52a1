"""Cleanup of a process's memory (R-RES-4)."""

from __future__ import annotations

import gc

from stirbar.engine import native


class Knot:
    """Two of these that name each other are garbage that only the collector finds."""

    other: Knot | None = None


def test_collects_although_the_app_has_disabled_the_collector() -> None:
    gc.collect()
    gc.disable()
    try:
        for _ in range(1000):
            first, second = Knot(), Knot()
            first.other, second.other = second, first
        del first, second
        effect = native.clean_up_memory()
    finally:
        gc.enable()
    assert effect["collected_objects"] >= 2000
    assert effect["duration_ns"] > 0
