"""Cleanup of memory in real workers: what is asked for, what it does, and what it never breaks."""

from __future__ import annotations

import json
import signal
import subprocess
import time
from typing import Any

import pytest
from harness import STIRBAR, Answer, Json, Running, Sandbox, eventually, kill

MB = 1_000_000


def post(served: Running, box: Sandbox, body: Any, token: str | None = None) -> Answer:
    """A POST to /api/v1/actions as an operator."""
    path = box.folder / "state" / "token"
    value = path.read_text().strip() if token is None else token
    headers = {"Authorization": f"Bearer {value}", "Content-Type": "application/json"}
    return served.api.ask("/api/v1/actions", "POST", json.dumps(body), headers)


def actions(served: Running) -> list[Json]:
    """Oldest first."""
    found: list[Json] = served.api.ask("/api/v1/actions").json["actions"]
    return found[::-1]


def ended(served: Running, count: int, seconds: float = 30) -> list[Json]:
    """Actions, once `count` of them are over."""

    def over() -> list[Json] | None:
        found = [action for action in actions(served) if action["state"] != "running"]
        return found if len(found) >= count else None

    return eventually(over, seconds, f"{count} actions are over")


def sizes(served: Running) -> Json:
    found: Json = served.app.ask("/sizes").json
    return found


def one_worker(box: Sandbox, *options: str, **environment: str) -> Running:
    return box.gunicorn("-w", "1", *options, app="memory_app:app", environment=environment).ready(
        workers=1
    )


# R-RES-4: each step, its effect and its record
def test_a_cleanup_does_each_step_and_says_what_it_gave_back(box: Sandbox) -> None:
    served = one_worker(box)
    served.app.ask("/connections/6")
    before = served.app.ask("/fill/400").json
    assert before["square"] == before["plain"] == 400
    assert before["idle"] == 6
    eventually(lambda: len(served.api.snapshot()["caches"]) == 3, what="caches are known")

    answer = post(served, box, {"action": "cleanup"})
    assert answer.status == 200, answer.text
    assert answer.json == {"accepted": True, "text": "cleanup of 1 worker"}
    done = ended(served, 5)
    assert [action["reason"].partition(":")[0] for action in done] == [
        "caches",
        "the app's callbacks",
        "idle connections",
        "all garbage",
        "trim",
    ]
    assert {action["state"] for action in done} == {"done"}
    assert {action["actor"] for action in done} == {"operator from 127.0.0.1"}
    assert [action["action"] for action in done] == [
        "evict",
        "cleanup",
        "cleanup",
        "cleanup",
        "trim",
    ]
    evicted = done[0]
    assert "200 entries of 3 caches evicted" in evicted["effect"]  # 100 + 100; lru_cache is whole
    assert evicted["before_bytes"] - evicted["after_bytes"] >= 5 * MB  # 100 of 100 kB each
    assert evicted["helped"] is True
    assert "unreachable objects found; Python's arenas hold" in done[3]["effect"]
    assert all(0 <= action["seconds"] < 5 for action in done)

    after = sizes(served)
    assert (after["square"], after["plain"], after["cube"]) == (300, 300, 400)
    assert after["idle"] == 1  # cleanup_idle_connections
    assert after["called"]
    assert "on stirbar-cleanup" in after["called"][0]
    assert served.api.events("cleanup")
    metrics = served.api.ask("/metrics").text
    assert 'stirbar_actions_total{action="evict",state="done"} 1' in metrics


# R-RES-4: hit ratio of registered caches, counted natively (R-RES-2: cache_hit_rate)
def test_hits_and_misses_of_caches_are_counted(box: Sandbox) -> None:
    served = one_worker(box)
    for _ in range(4):
        served.app.ask("/fill/50")

    def counted() -> Json | None:
        snapshot = served.api.snapshot()
        caches = {row["name"]: row for row in snapshot["caches"]}
        return snapshot if caches["square"]["hits"] == caches["cube"]["hits"] == 150 else None

    snapshot = eventually(counted, what="150 hits")
    caches = {row["name"]: row for row in snapshot["caches"]}
    assert caches["square"]["misses"] == caches["cube"]["misses"] == 50
    assert caches["square"]["entries"] == caches["plain"]["entries"] == 50
    assert caches["plain"]["hits"] is None
    assert caches["square"]["hit_ratio"] == pytest.approx(0.75)
    assert snapshot["performance"]["cache_hit_rate"] == pytest.approx(0.75)
    assert 'stirbar_cache_hits_total{cache="square"} 150' in served.api.ask("/metrics").text


# R-RES-4: the budget of a step
def test_a_callback_stops_at_its_budget_and_goes_on_next_time(box: Sandbox) -> None:
    served = one_worker(box, SESSION_SECONDS="0.01")
    for turn in (1, 2):
        # 409 as long as the one before is not quite over
        eventually(lambda: post(served, box, {"action": "cleanup"}).status == 200, what="taken")
        ended(served, 5 * turn)
        numbers = [int(text.split()[1]) for text in sizes(served)["called"]]
        assert numbers == list(range(len(numbers)))  # went on where it had stopped
        assert 2 * turn <= len(numbers) <= 12 * turn
    said = [a for a in actions(served) if a["state"] == "done" and "callbacks" in a["reason"]]
    assert "sessions stopped after" in said[0]["effect"]
    assert "its budget of time was used up" in said[0]["effect"]


# R-RES-4
def test_a_callback_that_raises_is_a_failed_action_and_no_harm(box: Sandbox) -> None:
    served = one_worker(box, CLEANER_RAISES="1")
    assert post(served, box, {"action": "cleanup"}).status == 200
    done = ended(served, 5)
    failed = [action for action in done if action["state"] == "failed"]
    assert len(failed) == 1
    assert "raises raised RuntimeError" in failed[0]["effect"]
    assert "RuntimeError: as asked" in served.log
    assert served.app.ask("/").status == 200


# R-RES-4: never during a request on that worker when it can wait
def test_a_cleanup_waits_for_the_end_of_a_request(box: Sandbox) -> None:
    served = one_worker(box)
    slow = served.app.ask_in_background("/sleep/3")
    eventually(lambda: served.api.snapshot()["in_flight"], what="in flight")
    assert post(served, box, {"action": "cleanup"}).status == 200
    eventually(lambda: actions(served), what="begun")
    assert not slow.done
    assert actions(served)[0]["state"] == "running"
    assert slow.result().status == 200
    done = ended(served, 5)
    assert all(action["seconds"] < 1 for action in done)  # what it waited is not its time


# R-RES-4: where a request does not end, it goes on after cleanup_idle_wait
def test_a_cleanup_does_not_wait_for_ever(box: Sandbox) -> None:
    served = one_worker(box, "-k", "gthread", "--threads", "4", STIRBAR_CLEANUP_IDLE_WAIT="0.5")
    slow = served.app.ask_in_background("/sleep/20", timeout=40)
    eventually(lambda: served.api.snapshot()["in_flight"], what="in flight")
    assert post(served, box, {"action": "cleanup"}).status == 200
    ended(served, 5, 15)
    assert not slow.done


# A worker that is killed in the middle
def test_a_worker_killed_in_mid_cleanup_leaves_no_trouble(box: Sandbox) -> None:
    served = one_worker(box, SESSION_SECONDS="30")
    assert post(served, box, {"action": "cleanup"}).status == 200
    eventually(
        lambda: [a for a in actions(served) if a["state"] == "running" and "callb" in a["reason"]],
        what="in the callback",
    )
    (victim,) = served.api.worker_pids()
    kill(victim, signal.SIGKILL)
    failed = eventually(lambda: [a for a in actions(served) if a["state"] == "failed"])
    assert failed[0]["effect"] == "the worker ended before it answered"
    served.api.wait_for_workers(1)
    eventually(lambda: post(served, box, {"action": "cleanup"}).status == 200)
    eventually(
        lambda: [a for a in actions(served) if a["action"] == "evict" and a["pid"] != victim],
        what="its successor is cleaned up",
    )


# R-RES-4 under gevent: the app's own greenlets go on
def test_greenlets_go_on_while_their_worker_is_cleaned_up(box: Sandbox) -> None:
    pytest.importorskip("gevent")
    served = one_worker(box, "-k", "gevent", SESSION_SECONDS="0.01", STIRBAR_CLEANUP_BUDGET="1")
    served.app.ask("/fill/100")
    assert post(served, box, {"action": "cleanup"}).status == 200
    slowest = 0.0
    until = time.monotonic() + 3
    while time.monotonic() < until:
        began = time.monotonic()
        assert served.app.ask("/").status == 200
        slowest = max(slowest, time.monotonic() - began)
    assert slowest < 1
    done = ended(served, 5)
    assert "75 entries" in done[0]["effect"] or "50 entries" in done[0]["effect"]
    assert sizes(served)["called"]


# R-RES-4: by itself while memory is short, and what does not help is not repeated
def test_runs_by_itself_while_memory_is_short(box: Sandbox) -> None:
    served = box.gunicorn(
        app="memory_app:app",
        environment={
            "STIRBAR_MEMORY_WARNING_THRESHOLD": "0.05",
            "STIRBAR_MEMORY_CRITICAL_THRESHOLD": "1",
        },
    )
    served.ready(workers=2)
    if (served.api.snapshot()["resources"]["memory_usage_percent"] or 0) < 6:
        pytest.skip("this machine's memory is nearly empty: 5 % is the lowest threshold")
    done = ended(served, 10)
    assert {action["actor"] for action in done} == {""}
    first = done[0]
    assert first["reason"].startswith("young garbage: ")
    assert "in 60 s at the soonest" in first["effect"] or "in 30 s" in first["effect"]
    assert {action["pid"] for action in done} == served.api.worker_pids()


# R-RES-4: the seed's method
def test_trigger_cleanup_if_needed_returns_each_steps_effect(box: Sandbox) -> None:
    served = one_worker(box, STIRBAR_CLEANUP_TRIM="off")
    served.app.ask("/fill/100")
    answer = served.app.ask("/trigger").json
    if answer["needed"]:
        pytest.skip("this machine's memory is short")
    assert answer == {"needed": False, "ran": False, "reason": answer["reason"]}
    assert "warning at 80 %" in answer["reason"]


# Who may ask, and what is refused
def test_wrong_orders_are_refused_with_the_reason(box: Sandbox) -> None:
    served = one_worker(box)
    (pid,) = served.api.worker_pids()
    for body, status, said in (
        ({}, 400, 'action: is missing; it takes "cleanup" or "recycle"'),
        ({"action": "reboot"}, 400, 'action: "reboot" is not allowed'),
        ({"action": "cleanup", "worker": "all"}, 400, 'worker: "all" is not allowed'),
        ({"action": "cleanup", "dry_run": 1}, 400, "dry_run: 1 is not allowed"),
        ({"action": "cleanup", "pid": 1}, 400, "pid: no such field"),
        ({"action": "cleanup", "worker": 1}, 409, "worker: 1 is no worker of this app"),
        ({"action": "recycle"}, 409, "worker: is missing"),
        ({"action": "recycle", "worker": pid}, 409, "it is the only worker"),
    ):
        answer = post(served, box, body)
        assert (answer.status, said in answer.json["error"]) == (status, True), answer.text
    assert post(served, box, {"action": "cleanup"}, token="wrong").status in (401, 403)
    assert actions(served) == []


# stirbar clean, stirbar recycle
def test_commands_clean_and_recycle(box: Sandbox) -> None:
    served = box.gunicorn(app="memory_app:app").ready(workers=2)
    before = served.api.worker_pids()
    victim = min(before)

    def stirbar(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [STIRBAR, *arguments],
            env=box.environment,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    dry = stirbar("clean", str(victim), "--dry-run")
    assert dry.returncode == 0, dry.stderr
    assert dry.stdout.count("withheld") == 5
    assert "a dry run" in dry.stdout
    cleaned = stirbar("clean", "--json")
    assert cleaned.returncode == 0, cleaned.stderr
    assert len(json.loads(cleaned.stdout)["actions"]) == 10
    assert served.api.worker_pids() == before

    refused = stirbar("recycle", "1")
    assert refused.returncode == 2
    assert "1 is no worker of this app" in refused.stderr
    dry = stirbar("recycle", str(victim), "--dry-run")
    assert "would be recycled" in dry.stderr
    assert served.api.worker_pids() == before
    recycled = stirbar("recycle", str(victim))
    assert recycled.returncode == 0, recycled.stderr
    assert "left by itself within" in recycled.stdout
    served.api.wait_for_workers(2)
    assert victim not in served.api.worker_pids()
    assert len(before & served.api.worker_pids()) == 1
