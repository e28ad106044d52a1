"""What the app itself can clean up when memory is short: ``@stirbar.cleanup``."""

from __future__ import annotations

import inspect
import time
from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import Any, TypeVar, overload

from stirbar import memory_care
from stirbar.engine import logger

F = TypeVar("F", bound=Callable[[], Any])


@dataclass
class _Cleaner:
    call: Callable[[], Any]
    name: str
    budget: float | None  # seconds
    running: Generator[Any, Any, Any] | None = None  # goes on next time
    pauses: int = 0  # cleanups that it is left out of
    overran: int = 0  # in a row


_cleaners: list[_Cleaner] = []


@overload
def cleanup(call: F, /) -> F: ...
@overload
def cleanup(*, name: str | None = None, budget: float | None = None) -> Callable[[F], F]: ...
def cleanup(
    call: F | None = None, /, *, name: str | None = None, budget: float | None = None
) -> F | Callable[[F], F]:
    """Registers a function that Stirbar calls when memory is short.

        @stirbar.cleanup(budget=0.1)
        def drop_expired_sessions():
            for key in expired():
                sessions.pop(key, None)
                yield  # may stop here, and goes on next time

    It is called without arguments, on the thread ``stirbar-cleanup``, in a moment without a request
    in this worker where there is one, never twice at once. What it raises is logged.

    Args:
        name: shown with the actions. Default: the function's.
        budget: seconds that it may take; default and at most the setting ``cleanup_budget``. A
            generator function is stopped there at its next ``yield`` and goes on next time; another
            one cannot be stopped, but is left out of the next cleanup, then of two, four, up to 16,
            as long as it takes more than that.

    Raises:
        TypeError: what is registered cannot be called.
        ValueError: `budget` is not above 0.
    """
    if budget is not None and not budget > 0:
        raise ValueError(f"budget: {budget!r} is not allowed; it takes seconds above 0")

    def register(function: F) -> F:
        if not callable(function):
            raise TypeError(f"cleanup takes a function, not {type(function).__name__}")
        title: str = name or getattr(function, "__qualname__", "") or type(function).__name__
        _cleaners.append(_Cleaner(function, title, budget))
        memory_care.add("callbacks", run_all)
        return function

    return register if call is None else register(call)


def run_all(order: memory_care.Order) -> memory_care.Effect:
    """A step of a cleanup: each registered function once, within the budget."""
    told = []
    ran = 0
    partly = failed = False
    for cleaner in _cleaners:
        if order.is_over():
            partly = True
            break
        if cleaner.pauses > 0:
            cleaner.pauses -= 1
            told.append(f"{cleaner.name} left out: it took too long")
            continue
        began = time.monotonic()
        ends_at = order.ends_at
        if cleaner.budget is not None:
            ends_at = min(ends_at, began + cleaner.budget)
        ran += 1
        try:
            through = _run(cleaner, ends_at)
        except Exception as fault:
            cleaner.running = None
            failed = True
            told.append(f"{cleaner.name} raised {type(fault).__name__}")
            logger.warning("the cleanup function %s has failed", cleaner.name, exc_info=True)
            continue
        took = time.monotonic() - began
        partly = partly or not through
        _judge(cleaner, through and time.monotonic() > ends_at)
        told.append(f"{cleaner.name} {'took' if through else 'stopped after'} {took * 1e3:.0f} ms")
    return memory_care.Effect(ran, "; ".join(told), partly=partly, failed=failed)


def _run(cleaner: _Cleaner, ends_at: float) -> bool:
    """False: its budget is used up, and it goes on next time."""
    steps: Any = cleaner.running or cleaner.call()
    if not inspect.isgenerator(steps):
        return True
    cleaner.running = None
    for _ in steps:
        if time.monotonic() >= ends_at:
            cleaner.running = steps
            return False
    return True


def _judge(cleaner: _Cleaner, overran: bool) -> None:
    cleaner.overran = min(cleaner.overran + 1, 5) if overran else 0
    cleaner.pauses = 1 << (cleaner.overran - 1) if overran else 0
