"""The pool that engines get under `stirbar run` (R-POOL-4)."""

from __future__ import annotations

import time
from typing import Any

import pytest
from harness import Running, Sandbox, eventually


def serve(box: Sandbox, **environment: str) -> Running:
    return box.gunicorn(
        "-w", "1", "--threads", "8", app="pool_app:app", environment=environment
    ).ready(workers=1)


@pytest.fixture(scope="module")
def app(shared_box: Sandbox) -> Running:
    return serve(shared_box)


def pool(app: Running) -> dict[str, Any]:
    found: dict[str, Any] = app.app.ask("/pool").json
    return found


def test_an_engine_gets_the_fair_pool_with_no_change_to_the_app(app: Running) -> None:
    found = pool(app)
    assert found["class"] == "FairPool"
    assert found["name"].startswith("sqlite:///")
    assert found["name"].endswith("shop.db")


def held(app: Running) -> int:
    rows = app.api.ask("/api/v1/connections").json["connections"]
    return sum(row["state"] == "active" for row in rows)


@pytest.mark.parametrize("switch", ["STIRBAR_CONNECTION_POOL=observe", "STIRBAR_OBSERVE_ONLY=1"])
def test_an_engine_keeps_its_pool_and_is_observed(box: Sandbox, switch: str) -> None:
    name, _, value = switch.partition("=")
    app = serve(box, **{name: value})
    assert pool(app)["class"] == "QueuePool"
    holder = app.app.ask_in_background("/hold/4")
    eventually(lambda: held(app) == 1, what="who holds a connection is told")
    assert holder.result().json["waited"] < 5
    eventually(lambda: held(app) == 0, what="it is given back")


@pytest.mark.parametrize("off", ["off", "false", "0"])
def test_an_engine_is_left_alone_where_pools_are_off(box: Sandbox, off: str) -> None:
    app = serve(box, STIRBAR_CONNECTION_POOL=off)
    assert pool(app)["class"] == "QueuePool"
    holder = app.app.ask_in_background("/hold/3")
    in_flight = "/api/v1/snapshot"
    eventually(lambda: app.api.ask(in_flight).json["in_flight"], what="the request is seen")
    assert held(app) == 0, "nothing listens to its pool"
    assert holder.result().json["waited"] < 5
    assert held(app) == 0


def test_a_mode_that_there_is_not_is_refused(box: Sandbox) -> None:
    refused = box.cli("run", "--", "true", environment={"STIRBAR_CONNECTION_POOL": "sometimes"})
    assert refused.returncode == 2
    assert "connection_pool: 'sometimes' is not allowed; it takes off, observe or on" in (
        refused.stderr
    )


def test_background_loops_do_not_starve_requests(app: Running) -> None:
    """Five loops without rest on five connections: QueuePool lets requests wait for seconds."""
    app.app.ask("/tasks/5")
    try:
        eventually(lambda: pool(app)["figures"][1] == 4, what="four of five loops have one")
        waits = []
        for _ in range(60):
            answer = app.app.ask("/hold/0").json
            assert "error" not in answer
            waits.append(answer["waited"])
            # Tasks leave one connection to requests.
            assert pool(app)["figures"][1] <= 4
        assert max(waits) < 1.0, waits
        eventually(lambda: pool(app)["figures"][4] == 1, what="the fifth loop waits as a task")
    finally:
        app.app.ask("/stop")
    figures = pool(app)["figures"]
    assert figures[1:] == [0, 0, 0, 0]


def test_requests_are_served_in_turn(app: Running) -> None:
    holders = [app.app.ask_in_background("/hold/0.3") for _ in range(5)]
    eventually(lambda: pool(app)["figures"][1] == 5)
    waiters = [app.app.ask_in_background("/hold/0.01") for _ in range(2)]
    eventually(lambda: pool(app)["figures"][3] == 2, what="two requests wait")
    for each in (*holders, *waiters):
        assert "error" not in each.result().json


def test_a_wait_ends_before_its_request_is_given_up(box: Sandbox) -> None:
    app = serve(box, POOL_SIZE="1")
    holder = app.app.ask_in_background("/hold/6")
    eventually(lambda: pool(app)["figures"][1] == 1)
    began = time.monotonic()
    answer = app.app.ask("/hold/0", headers={"X-Request-Timeout": "1"}).json
    assert "QueuePool limit of size 1 overflow 0 reached" in answer["error"]
    assert time.monotonic() - began < 4, "it waited for the pool's time-out, or the holder"
    assert answer["waited"] < 1.0
    holder.result()


def test_a_request_that_waits_for_a_connection_is_seen_to(app: Running) -> None:
    holders = [app.app.ask_in_background("/hold/3") for _ in range(5)]
    eventually(lambda: pool(app)["figures"][1] == 5)
    waiter = app.app.ask_in_background("/hold/0")

    def told() -> bool:
        requests = app.api.snapshot()["in_flight"]
        return [each["activity"] for each in requests].count("checkout") == 1

    eventually(told, what="one request waits for a connection")
    for each in (*holders, waiter):
        each.result()
