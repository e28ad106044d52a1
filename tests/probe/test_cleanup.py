"""Cleanup of a process's memory (R-RES-4): the native steps, callbacks and caches."""

from __future__ import annotations

import functools
import gc
import logging
import time
from collections import OrderedDict
from collections.abc import Iterator
from typing import Any

import pytest
import stirbar
from stirbar import caches, cleaners, memory_care
from stirbar.engine import native

ALL = memory_care.Order(percent=100, keeps=0, ends_at=float("inf"))
QUARTER = memory_care.Order(percent=25, keeps=0, ends_at=float("inf"))


@pytest.fixture(autouse=True)
def nothing_registered(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Each test begins with nothing registered."""
    monkeypatch.setattr(cleaners, "_cleaners", [])
    monkeypatch.setattr(caches, "_caches", [])
    yield


class Knot:
    """Two of these that name each other are garbage that only the collector finds."""

    other: Knot | None = None


def make_garbage(count: int) -> None:
    for _ in range(count):
        first, second = Knot(), Knot()
        first.other, second.other = second, first


def test_collects_although_the_app_has_disabled_the_collector() -> None:
    gc.collect()
    gc.disable()
    try:
        make_garbage(1000)
        young = native.run_cleanup_step(memory_care.STEPS["young_garbage"], True)
        make_garbage(500)
        full = native.run_cleanup_step(memory_care.STEPS["garbage"], True)
    finally:
        gc.enable()
    assert young["count"] >= 2000
    assert full["count"] >= 1000
    assert full["duration_ns"] > 0
    assert full["before_bytes"] > 1 << 20


def test_the_young_generations_leave_the_old_alone() -> None:
    kept: list[Any] = []
    for _ in range(200):
        first, second = Knot(), Knot()
        first.other, second.other = second, first
        kept.append(first)
    gc.collect()  # they are old now
    kept.clear()
    del first, second
    gc.disable()
    try:
        young = native.run_cleanup_step(memory_care.STEPS["young_garbage"], True)
        full = native.run_cleanup_step(memory_care.STEPS["garbage"], True)
    finally:
        gc.enable()
    assert young["count"] < 400
    assert full["count"] >= 400


def test_a_step_that_does_not_exist_is_refused() -> None:
    with pytest.raises(ValueError, match="no such step"):
        native.run_cleanup_step(99, True)


def test_arenas_are_those_that_python_tells_of(capfd: pytest.CaptureFixture[str]) -> None:
    import re
    import sys

    figures = native.arenas()
    sys._debugmallocstats()
    text = capfd.readouterr().err
    told = int(re.findall(r"bytes/arena\s*=\s*([\d,]+)", text)[0].replace(",", ""))
    assert figures["bytes"] == pytest.approx(told, rel=0.05)
    assert 0 < figures["used_bytes"] <= figures["bytes"]


# ------------------------------------------------------------------------------------ callbacks


def test_cleanup_calls_each_function_and_goes_on_after_one_that_raises(
    caplog: pytest.LogCaptureFixture,
) -> None:
    called: list[str] = []

    @stirbar.cleanup
    def fails() -> None:
        raise KeyError("no")

    @stirbar.cleanup(name="second")
    def works() -> None:
        called.append("second")

    with caplog.at_level(logging.WARNING, "stirbar"):
        effect = cleaners.run_all(ALL)
    assert called == ["second"]
    assert effect.failed
    assert effect.count == 2
    assert "fails raised KeyError" in effect.text
    assert "second took" in effect.text
    works()  # still the function itself
    assert called == ["second", "second"]


def test_a_generator_stops_at_its_budget_and_goes_on_next_time() -> None:
    seen: list[int] = []

    @stirbar.cleanup(budget=0.02)
    def slowly() -> Iterator[None]:
        for number in range(10):
            time.sleep(0.015)
            seen.append(number)
            yield

    first = cleaners.run_all(ALL)
    assert first.partly
    assert 1 <= len(seen) < 10
    while cleaners.run_all(ALL).partly:
        pass
    assert seen == list(range(10))


def test_one_that_takes_too_long_is_left_out_for_longer_and_longer() -> None:
    calls: list[int] = []

    @stirbar.cleanup(budget=0.001)
    def slow() -> None:
        calls.append(1)
        time.sleep(0.005)

    ran = []
    for _ in range(16):
        before = len(calls)
        cleaners.run_all(ALL)
        ran.append(len(calls) > before)
    # 1, then 2, 4, 8 left out
    assert [i for i, did in enumerate(ran) if did] == [0, 2, 5, 10]


@pytest.mark.parametrize("budget", [0, -1, float("nan")])
def test_a_budget_that_is_none_is_refused(budget: float) -> None:
    with pytest.raises(ValueError, match="budget: .* is not allowed; it takes seconds above 0"):
        stirbar.cleanup(budget=budget)


def test_what_cannot_be_called_is_refused() -> None:
    with pytest.raises(TypeError, match="cleanup takes a function, not int"):
        stirbar.cleanup()(3)  # type: ignore[type-var]


# --------------------------------------------------------------------------------------- caches


def test_a_function_keeps_its_results_and_gives_up_the_oldest() -> None:
    calls: list[int] = []

    @stirbar.cache(maxsize=4, name="squares of test")
    def square(number: int) -> int:
        calls.append(number)
        return number * number

    assert [square(n) for n in (1, 2, 3, 4, 1, 1)] == [1, 4, 9, 16, 1, 1]
    assert calls == [1, 2, 3, 4]
    info = square.cache_info()  # type: ignore[attr-defined]
    assert (info.hits, info.misses, info.maxsize, info.currsize) == (2, 4, 4, 4)
    effect = caches.evict_all(QUARTER)
    assert (effect.count, effect.text) == (1, "1 entries of 1 caches evicted")
    square(1)
    square(2)  # 2 was used least recently
    assert calls == [1, 2, 3, 4, 2]
    square.cache_clear()  # type: ignore[attr-defined]
    assert square.cache_info().currsize == 0  # type: ignore[attr-defined]


def test_results_expire() -> None:
    calls: list[int] = []

    @stirbar.cache(ttl=0.03, name="short-lived")
    def get(number: int) -> int:
        calls.append(number)
        return number

    get(1)
    get(1)
    time.sleep(0.04)
    get(1)
    assert calls == [1, 1]


def test_what_raises_is_not_kept() -> None:
    @stirbar.cache(name="raising")
    def get() -> int:
        raise LookupError

    for _ in range(2):
        with pytest.raises(LookupError):
            get()
    assert get.cache_info()[:2] == (0, 2)  # type: ignore[attr-defined]


def test_methods_are_cached_too() -> None:
    class Shop:
        @stirbar.cache(name="Shop.price")
        def price(self, item: str) -> str:
            return item + "!"

    assert Shop().price("tea") == "tea!"
    assert Shop.price.cache_info().misses == 1  # type: ignore[attr-defined]


def test_caches_of_the_app_are_evicted_in_their_own_way() -> None:
    @functools.cache
    def cube(number: int) -> int:
        return number**3

    class Own:
        entries = 8

        def size(self) -> int:
            return self.entries

        def evict(self, fraction: float) -> None:
            self.entries -= round(self.entries * fraction)

    own = Own()
    ordered = OrderedDict.fromkeys("abcd", 1)
    plain = dict.fromkeys("abcd", 1)
    assert stirbar.cache(cube) is cube
    assert stirbar.cache(own, name="own") is own
    stirbar.cache(ordered, name="ordered")
    stirbar.cache(plain, name="plain")
    for number in range(5):
        cube(number)
    assert caches.evict_all(QUARTER).count == 2 + 1 + 1
    assert (own.entries, list(ordered), list(plain), cube.cache_info().currsize) == (
        6,
        list("bcd"),
        list("bcd"),
        5,
    )
    assert caches.evict_all(ALL).count == 5 + 6 + 3 + 3
    assert cube.cache_info().currsize == 0


def test_a_cache_that_the_app_has_dropped_is_forgotten() -> None:
    cache = OrderedDict(a=1)
    stirbar.cache(cache, name="dropped")
    assert len(caches._living()) == 1
    del cache
    gc.collect()
    assert caches._living() == []


def test_eviction_stops_at_its_budget() -> None:
    first, second = OrderedDict(a=1), OrderedDict(a=1)
    stirbar.cache(first, name="first")
    stirbar.cache(second, name="second")
    effect = caches.evict_all(memory_care.Order(100, 0, ends_at=0))
    assert effect.partly
    assert (len(first), len(second)) == (1, 1)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"maxsize": 0}, "maxsize: 0 is not allowed"),
        ({"ttl": 0}, "ttl: 0 is not allowed"),
        ({"ttl": float("nan")}, "ttl: nan is not allowed"),
    ],
)
def test_wrong_values_are_refused(arguments: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        stirbar.cache(**arguments)


def test_what_is_no_cache_is_refused() -> None:
    with pytest.raises(TypeError, match="needs a name"):
        stirbar.cache({})  # type: ignore[type-var]
    with pytest.raises(TypeError, match="cache takes a function, a mapping or an object"):
        stirbar.cache(3)  # type: ignore[type-var]


# -------------------------------------------------------------------------------- all together


def test_clean_up_returns_each_steps_effect() -> None:
    kept = OrderedDict((n, bytes(100_000)) for n in range(400))
    stirbar.cache(kept, name="kept")
    settings = native.settings()
    settings["cleanup_callbacks"] = 0
    effect = memory_care.clean_up(settings)
    steps = {step["step"]: step for step in effect["steps"]}
    assert "callbacks" not in steps
    assert steps["caches"]["count"] == 100
    assert steps["caches"]["reclaimed_bytes"] > 5_000_000
    assert steps["caches"]["text"] == "100 entries of 1 caches evicted"
    assert list(steps)[-2:] == ["garbage", "trim"]
    assert effect["reclaimed_bytes"] >= steps["caches"]["reclaimed_bytes"]
    assert effect["collected_objects"] == steps["garbage"]["count"]
