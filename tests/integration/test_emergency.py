"""An app that allocates without end is shed, cleaned up and recycled before the kernel kills it."""

from __future__ import annotations

import contextlib
import re
import threading
import time
from collections.abc import Iterator
from http.client import HTTPException
from pathlib import Path

import pytest
from harness import Json, Running, Sandbox, eventually
from memory_cgroup import MemoryCgroup, memory_cgroup

LIMIT = 512 << 20


@pytest.fixture
def limited() -> Iterator[MemoryCgroup]:
    with memory_cgroup(LIMIT) as group:
        yield group


class Visitors:
    """Ask the cheap route without pause, and the leaking one `leaks_per_second` times a second."""

    def __init__(self, served: Running, leaks_per_second: float, megabytes: int) -> None:
        self.served = served
        self.cheap: list[str] = []  # "200", "503", or what was raised
        self.slowest = 0.0
        self.leaks = 0
        self.refused_leaks = 0
        self._stop = threading.Event()
        self._leak = f"/leak/{megabytes}"
        self._pause = 1 / leaks_per_second
        self._threads = [
            threading.Thread(target=self._ask_cheaply, daemon=True),
            threading.Thread(target=self._ask_cheaply, daemon=True),
            threading.Thread(target=self._leak_on, daemon=True),
        ]
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join(20)

    def _ask_cheaply(self) -> None:
        while not self._stop.wait(0.01):
            began = time.monotonic()
            try:
                self.cheap.append(str(self.served.app.ask("/", timeout=15).status))
            except (OSError, HTTPException) as fault:
                self.cheap.append(f"{time.strftime('%X')} {fault!r}")
            self.slowest = max(self.slowest, time.monotonic() - began)

    def _leak_on(self) -> None:
        while not self._stop.wait(self._pause):
            with contextlib.suppress(OSError, HTTPException):
                if self.served.app.ask(self._leak, timeout=15).status == 200:
                    self.leaks += 1
                else:
                    self.refused_leaks += 1


def actions(served: Running, kind: str) -> list[Json]:
    """Oldest first."""
    found: list[Json] = served.api.ask("/api/v1/actions").json["actions"]
    return [action for action in found[::-1] if action["action"] == kind]


def tells_the_story(served: Running) -> None:
    """What the page shows: each step, in order, with figures and the reason."""
    texts = [event["text"] for event in served.api.events("memory_emergency")]
    story = " ".join(texts)
    for step in ("calm -> shedding", "shedding -> cleaning", "cleaning -> recycling"):
        assert step in story, texts
    assert re.search(r"memory \d+\.\d % \(\d+ of \d+ MB\)", texts[0]), texts
    recycled = [a for a in actions(served, "recycle") if a["state"] == "done"]
    for action in recycled:
        assert "it holds" in action["reason"]
        assert "more than a fresh one" in action["reason"]
        assert action["helped"] is True, action
        assert action["before_bytes"] - action["after_bytes"] > 50e6
    cleaned = [a for a in actions(served, "cleanup") if "emergency" in a["reason"]]
    assert cleaned
    assert all(a["before_bytes"] is not None for a in cleaned)


# R-RES-5, and the "done when"
def test_is_recycled_before_the_kernel_kills_it(limited: MemoryCgroup, box: Sandbox) -> None:
    served = box.gunicorn(
        app="memory_app:app",
        preexec_fn=limited.enter,
        environment={"STIRBAR_EMERGENCY_COOLDOWN": "5"},
    ).ready(workers=2)
    before = served.api.worker_pids()
    eventually(lambda: served.api.snapshot()["resources"]["memory_usage_percent"] is not None)
    visitors = Visitors(served, leaks_per_second=5, megabytes=5)
    try:
        eventually(
            lambda: len([a for a in actions(served, "recycle") if a["state"] == "done"]) >= 2,
            120,
            "two workers recycled",
        )
    finally:
        visitors.stop()
    assert visitors.leaks * 5 > 512  # without recycling it would not have fit
    assert set(visitors.cheap) == {"200"}
    assert len(visitors.cheap) > 500
    assert visitors.slowest < 5
    assert limited.oom_kills() == 0
    assert served.api.totals()["workers_died"] == 0
    assert served.api.totals()["lost"] == 0
    assert served.api.worker_pids() != before
    shed = actions(served, "shed")
    assert shed
    assert "memory" in shed[0]["reason"]
    tells_the_story(served)


# The same against the machine's own memory, where no cgroup can be made. What other programs do
# meanwhile moves the threshold about: it only makes the emergency come earlier or later.
def test_is_recycled_at_the_machines_own_limit(box: Sandbox) -> None:
    total, available = (
        int(re.findall(rf"^{name}:\s+(\d+) kB", Path("/proc/meminfo").read_text(), re.M)[0]) << 10
        for name in ("MemTotal", "MemAvailable")
    )
    if available < 3 << 30:
        pytest.skip("less than 3 GiB of memory are free here")
    critical = (total - available + (700 << 20)) / total
    served = box.gunicorn(
        app="memory_app:app",
        environment={
            "STIRBAR_MEMORY_WARNING_THRESHOLD": f"{critical - 0.005:.4f}",
            "STIRBAR_MEMORY_CRITICAL_THRESHOLD": f"{critical:.4f}",
            "STIRBAR_EMERGENCY_COOLDOWN": "5",
        },
    ).ready(workers=2)
    before = served.api.worker_pids()
    visitors = Visitors(served, leaks_per_second=5, megabytes=20)
    try:
        eventually(
            lambda: [a for a in actions(served, "recycle") if a["state"] == "done"],
            120,
            "a worker recycled",
        )
    finally:
        visitors.stop()
    assert set(visitors.cheap) == {"200"}
    assert served.api.totals()["workers_died"] == 0
    assert served.api.worker_pids() != before
    tells_the_story(served)


# R-RES-5: emergency = observe changes nothing
def test_observe_only_says_what_would_be_done(limited: MemoryCgroup, box: Sandbox) -> None:
    served = box.gunicorn(
        app="memory_app:app", preexec_fn=limited.enter, environment={"STIRBAR_OBSERVE_ONLY": "on"}
    ).ready(workers=2)
    before = served.api.worker_pids()
    with contextlib.suppress(AssertionError):  # stops short of the limit: nobody would help
        eventually(
            lambda: (
                served.app.ask("/leak/5").status != 200
                or served.api.snapshot()["resources"]["memory_usage_percent"] > 91
            ),
            60,
        )
    told = eventually(lambda: actions(served, "recycle"), 20, "withheld")
    assert told[0]["state"] == "withheld"
    assert "observe_only is on" in told[0]["effect"]
    assert served.api.snapshot()["emergency"]["withheld"] is True
    assert {a["state"] for a in actions(served, "cleanup")} == {"withheld"}
    assert served.api.worker_pids() == before
