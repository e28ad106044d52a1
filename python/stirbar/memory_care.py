"""The steps of a memory cleanup that are Python code: caches, idle connections, callbacks.

The supervisor orders a step through the native part; the daemon thread ``stirbar-cleanup`` (a
greenlet, where gevent has patched threads) asks for it, carries it out and answers. The thread
begins in a worker when there is something to clean, never before a fork.
"""

from __future__ import annotations

import atexit
import os
import sys
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from stirbar.engine import logger, native

# As CleanupStep and CleanupOutcome in src/segment/layout.h.
STEPS = {
    "young_garbage": 1,
    "connections": 2,
    "callbacks": 3,
    "caches": 4,
    "garbage": 5,
    "trim": 6,
}
_NAMES = {number: name for name, number in STEPS.items()}
_ON = 2
_GENTLE_PERCENT = 25  # of a cache, outside an emergency
_DONE, _NOTHING, _FAILED, _PARTLY = 0, 1, 2, 3

_LOOKS_EVERY_SECONDS = 0.25
_LOOKS_CLOSELY_EVERY_SECONDS = 0.005  # while a step waits for a moment without a request


@dataclass(frozen=True)
class Order:
    """What a step may do."""

    percent: int  # of a cache's entries to evict
    keeps: int  # idle connections that stay in each pool
    ends_at: float  # time.monotonic() when its budget is used up

    def is_over(self) -> bool:
        """Whether the budget of time is used up."""
        return time.monotonic() >= self.ends_at


@dataclass(frozen=True)
class Effect:
    """What a step has done."""

    count: int
    text: str
    partly: bool = False  # its budget ended before it was through
    failed: bool = False


_runners: dict[str, Callable[[Order], Effect]] = {}
_watchers: list[Callable[[], None]] = []
_thread: threading.Thread | None = None
_stop = threading.Event()


def add(step: str, run: Callable[[Order], Effect]) -> None:
    """There is something for `step` in this process from now on."""
    _runners[step] = run
    if native is None:
        return
    native.set_python_steps(sum(1 << STEPS[name] for name in _runners))
    if native.state():
        begin()


def watch(look: Callable[[], None]) -> None:
    """`look` is called once a second on the same thread."""
    _watchers.append(look)


def begin() -> None:
    """Starts the thread where it does not run. Costs little where there is nothing to do."""
    global _thread, _stop
    if not (_runners or _watchers) or (_thread is not None and _thread.is_alive()):
        return
    _stop = threading.Event()
    _thread = threading.Thread(target=_run, args=(_stop,), name="stirbar-cleanup", daemon=True)
    _thread.start()


def run(step: str, order: Order) -> Effect | None:
    """Runs a step of this module's now. None: there is nothing for it."""
    runner = _runners.get(step)
    if runner is None:
        return None
    try:
        return runner(order)
    except Exception as fault:
        logger.warning("the cleanup step %s has failed", step, exc_info=True)
        return Effect(0, f"failed: {type(fault).__name__}", failed=True)


def clean_up(settings: Mapping[str, float]) -> dict[str, Any]:
    """All steps that `settings` have on, in this thread.

    Returns:
        ``steps``, ``reclaimed_bytes``, ``collected_objects``, ``duration_seconds`` as
        SystemOptimizer.trigger_cleanup_if_needed says.
    """
    began = time.monotonic()
    trims = settings["cleanup_trim"] == _ON
    steps = []
    for name, switch in (
        ("connections", "cleanup_connections"),
        ("callbacks", "cleanup_callbacks"),
        ("caches", "cleanup_caches"),
        ("garbage", "cleanup_garbage"),
        ("trim", "cleanup_trim"),
    ):
        if settings[switch] != _ON:
            continue
        if name in ("garbage", "trim"):
            row = native.run_cleanup_step(STEPS[name], trims)
            steps.append(_row(name, row, row["duration_ns"] * 1e-9, ""))
        elif (row := _python_step(name, settings, trims)) is not None:
            steps.append(row)
    return {
        "steps": steps,
        "reclaimed_bytes": sum(step["reclaimed_bytes"] for step in steps),
        "collected_objects": sum(step["count"] for step in steps if step["step"] == "garbage"),
        "duration_seconds": time.monotonic() - began,
    }


def _python_step(name: str, settings: Mapping[str, float], trims: bool) -> dict[str, Any] | None:
    before = native.resident_bytes()
    began = time.monotonic()
    order = Order(
        _GENTLE_PERCENT,
        int(settings["cleanup_idle_connections"]),
        began + settings["cleanup_budget"],
    )
    effect = run(name, order)
    if effect is None:
        return None
    if effect.count > 0 and trims:
        native.trim()
    figures = {
        "before_bytes": before,
        "after_bytes": native.resident_bytes(),
        "count": effect.count,
    }
    return _row(name, figures, time.monotonic() - began, effect.text)


def _row(name: str, figures: Mapping[str, int], seconds: float, text: str) -> dict[str, Any]:
    before, after = figures["before_bytes"], figures["after_bytes"]
    return {
        "step": name,
        "before_bytes": before,
        "after_bytes": after,
        "reclaimed_bytes": max(before - after, 0),
        "count": figures["count"],
        "duration_seconds": seconds,
        "text": text,
    }


def _run(stop: threading.Event) -> None:
    next_look = 0.0
    pause = _LOOKS_EVERY_SECONDS
    while not stop.wait(pause):
        _turn()
        pause = (
            _LOOKS_CLOSELY_EVERY_SECONDS if native.cleanup_is_offered() else _LOOKS_EVERY_SECONDS
        )
        if time.monotonic() >= next_look:
            next_look = time.monotonic() + 1.0
            for look in _watchers:
                _look(look)


def _look(look: Callable[[], None]) -> None:
    try:
        look()
    except Exception:
        native.count_fault()
        logger.warning("the figures of a cache cannot be read", exc_info=True)


def _turn() -> None:
    taken = native.take_cleanup()
    if taken is None:
        return
    step, percent, keeps, budget_seconds = taken
    effect: Effect | None = None
    try:
        effect = run(_NAMES.get(step, ""), Order(percent, keeps, time.monotonic() + budget_seconds))
    finally:
        # Whatever happens (a BaseException too), the order is answered.
        if effect is None:
            native.end_cleanup(0, _NOTHING, "this worker has nothing for this step")
        else:
            native.end_cleanup(effect.count, _outcome(effect), effect.text)


def _outcome(effect: Effect) -> int:
    if effect.failed:
        return _FAILED
    return _PARTLY if effect.partly else _DONE


def _start_from_outside() -> None:
    """On the probe's own thread: under gevent, a thread started there would be its greenlet."""
    monkey: Any = sys.modules.get("gevent.monkey")
    if monkey is None or not monkey.is_module_patched("threading"):
        begin()


def _after_fork_in_child() -> None:
    global _thread, _stop
    _thread = None
    _stop = threading.Event()


def _end() -> None:
    _stop.set()


os.register_at_fork(after_in_child=_after_fork_in_child)
atexit.register(_end)
if native is not None:
    native.set_cleanup_starter(_start_from_outside)
