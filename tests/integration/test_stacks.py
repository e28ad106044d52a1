"""The Python stacks of workers that hang, by API and by `stirbar stacks`."""

from __future__ import annotations

import json
import os
import re
import signal
import sys
import time
from dataclasses import dataclass

import pytest
from harness import APPS, Json, Running, Sandbox, eventually, kill

APP = APPS / "hang_app.py"
MARK = re.compile(r"# hangs: (\w+)$")


def lines_of(kind: str) -> set[int]:
    """Where APP says that it hangs."""
    lines = APP.read_text().splitlines()
    return {
        n for n, line in enumerate(lines, 1) if (found := MARK.search(line)) and found[1] == kind
    }


@dataclass(frozen=True)
class Hang:
    """A way to hang and what is to be seen of it."""

    kind: str
    function: str
    waits_for: str = ""  # of the thread that hangs; empty: it runs, or nothing is said
    holds_lock: bool = False
    states: tuple[str, ...] = ("S",)  # of the thread
    exact: bool = True
    worker_state: str = "stuck"


HANGS = [
    # Python 3.10 sleeps in select().
    Hang("sleep", "sleep_in_python", "sleep" if sys.version_info >= (3, 11) else "select"),
    Hang("lock", "hold_the_lock", "sleep", holds_lock=True, worker_state="lock_held"),
    Hang("regex", "match_for_ever", holds_lock=True, states=("R",), worker_state="lock_held"),
    Hang("loop", "turn", states=("R", "S"), exact=False),
    Hang("recv", "wait_for_a_byte", "recv"),
    Hang("sql", "wait_for_the_table", "sleep"),
    Hang("deadlock", "take", "a lock"),
    Hang("stop", "stop_the_process", states=("T",), worker_state="stopped"),
]


def stacks(running: Running, query: str = "") -> list[Json]:
    answer = running.api.ask("/api/v1/stacks" + query)
    assert answer.status == 200, answer.text
    workers: list[Json] = answer.json["workers"]
    return workers


def hanging_thread(running: Running, route: str) -> tuple[Json, Json] | None:
    """The worker and the thread that work at `route`."""
    for worker in stacks(running):
        for thread in worker["threads"]:
            if thread["request"] is not None and thread["request"]["route"] == route:
                return worker, thread
    return None


def own_frames(thread: Json) -> list[Json]:
    return [frame for frame in thread["frames"] if frame["file"] == str(APP)]


@pytest.fixture
def hangs(box: Sandbox) -> Running:
    """The app under `gunicorn -w 2`, whose requests count as slow after half a second."""
    return box.gunicorn(
        "-t", "600", app="hang_app:app", environment={"STIRBAR_SLOW_REQUEST_THRESHOLD": "0.5"}
    ).ready(workers=2)


# R-REQ-4
@pytest.mark.parametrize("hang", HANGS, ids=[hang.kind for hang in HANGS])
def test_shows_what_a_request_hangs_in(box: Sandbox, hangs: Running, hang: Hang) -> None:
    route = f"GET /hang/{hang.kind}"
    hangs.app.ask_in_background(f"/hang/{hang.kind}", timeout=60)
    worker, thread = eventually(
        lambda: hanging_thread(hangs, route), 5, f"{route} is among the stacks"
    )
    # A request that has just begun may still be on its way.
    worker, thread = eventually(
        lambda: next(
            found
            for found in [hanging_thread(hangs, route)]
            if found is not None and own_frames(found[1])[0]["function"] == hang.function
        ),
        5,
    )
    frame = own_frames(thread)[0]
    assert frame["line"] in lines_of(hang.kind)
    caller = own_frames(thread)[1]
    assert caller["function"] == f"hang_{hang.kind}"
    assert thread["state"] in hang.states
    assert thread["request"]["phase"] == "handling"
    if hang.exact:
        assert thread["quality"] == "exact", thread["reason"]
    else:
        assert thread["quality"] in ("exact", "approximate")
    if hang.holds_lock:
        assert thread["holds_lock"] is True
        assert worker["lock_holder"] == thread["thread"]
    if hang.waits_for:
        assert thread["waits_for"] == hang.waits_for

    row = eventually(
        lambda: next(
            w
            for w in hangs.api.snapshot()["workers"]
            if w["pid"] == worker["pid"] and w["state"] == hang.worker_state
        ),
        10,
        f"the worker is {hang.worker_state}",
    )
    assert row["pid"] == worker["pid"]

    shown = box.cli("stacks", str(worker["pid"]))
    assert shown.returncode == 0, shown.stderr
    assert f"pid {worker['pid']}" in shown.stdout
    assert route in shown.stdout
    numbers = "|".join(map(str, lines_of(hang.kind)))
    assert re.search(rf"{re.escape(str(APP))}:({numbers}) in {hang.function}$", shown.stdout, re.M)
    if hang.holds_lock:
        assert "holds the interpreter lock" in shown.stdout
    # Only the worker asked for, and only what concerns somebody; --all has the other threads.
    assert shown.stdout.count("worker ") == 1
    every = box.cli("stacks", str(worker["pid"]), "--all").stdout
    assert every.count("  thread ") > shown.stdout.count("  thread ")
    if sys.version_info >= (3, 11):  # before, Python does not say which thread of the kernel it is
        assert "(stirbar-knock)" in every and "(stirbar-knock)" not in shown.stdout


# R-REQ-4
@pytest.mark.parametrize("path", ["/lock/0.6", "/sleep/0.6"])
def test_is_right_every_time(hangs: Running, path: str) -> None:
    function = "hold_the_lock" if path.startswith("/lock") else "sleep_in_python"
    route = f"GET {path.rpartition('/')[0]}/<float:seconds>"
    for _ in range(10):
        answer = hangs.app.ask_in_background(path)
        time.sleep(0.3)
        found = hanging_thread(hangs, route)
        assert found is not None
        assert found[1]["quality"] == "exact", found[1]
        assert own_frames(found[1])[0]["function"] == function
        assert answer.result().status == 200


def test_refuses_a_bad_pid(hangs: Running) -> None:
    for bad in ("x", "0", "-1", "4194305", "1.5", ""):
        answer = hangs.api.ask(f"/api/v1/stacks?pid={bad}")
        assert answer.status == 400
        assert "whole number from 1 to 4194304" in answer.json["error"]
    unknown = hangs.api.ask(f"/api/v1/stacks?pid={os.getpid()}")
    assert unknown.status == 404
    for pid in hangs.api.worker_pids():
        assert str(pid) in unknown.json["error"]


def test_reads_at_most_four_times_a_second(hangs: Running) -> None:
    texts = {hangs.api.ask("/api/v1/stacks").text for _ in range(20)}
    assert len(texts) <= 3  # twenty answers in less than half a second


def test_command_says_why_it_has_nothing(box: Sandbox, hangs: Running) -> None:
    gone = box.cli("stacks", "4194304")
    assert gone.returncode == 1
    assert "is no worker" in gone.stderr
    worker = sorted(hangs.api.worker_pids())[0]
    answer = json.loads(box.cli("stacks", str(worker), "--json").stdout)
    assert [row["pid"] for row in answer["workers"]] == [worker]
    kill(hangs.supervisor_pid, signal.SIGSTOP)
    eventually(lambda: box.cli("stacks").returncode == 1, 10)
    assert "stirbar: stacks:" in box.cli("stacks").stderr


def test_reads_a_worker_that_forked_from_a_loaded_master(box: Sandbox) -> None:
    running = box.gunicorn("--preload", "-t", "600", app="hang_app:app", run_options=()).ready(
        workers=2
    )
    running.app.ask_in_background("/hang/sleep", timeout=60)
    _, thread = eventually(lambda: hanging_thread(running, "GET /hang/sleep"), 5)
    assert thread["quality"] == "exact"
    assert own_frames(thread)[0]["function"] == "sleep_in_python"


# R-REQ-7
def test_records_a_stuck_request_while_it_runs(box: Sandbox) -> None:
    running = box.gunicorn(
        "-t", "600", app="hang_app:app", environment={"STIRBAR_STUCK_REQUEST_LIMIT": "1"}
    ).ready(workers=2)
    began = time.monotonic()
    running.app.ask_in_background("/hang/lock", timeout=60)
    event = eventually(lambda: running.api.events("request_stuck")[0], 10)
    assert time.monotonic() - began < 1 + 3  # the limit, a second, and a busy machine
    line = lines_of("lock").pop()
    assert re.fullmatch(
        r"GET /hang/lock has run for 1 s in worker \d+ \(pid (\d+)\), thread \1: in "
        rf"hang_app\.py:{line} hold_the_lock; interpreter lock held by thread \1",
        event["text"],
    ), event["text"]
    time.sleep(1)
    assert len(running.api.events("request_stuck")) == 1
