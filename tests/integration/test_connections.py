"""Who holds which connection, and what is leaked, by API and by `stirbar connections`."""

from __future__ import annotations

import json
import re

import pytest
from harness import APPS, Json, Running, Sandbox, eventually, kill
from test_http import check_against

APP = APPS / "connections_app.py"
MARK = re.compile(r"# takes: (\w+)$")


def line_of(kind: str) -> int:
    """Where APP takes that connection."""
    lines = enumerate(APP.read_text().splitlines(), 1)
    return next(n for n, line in lines if (found := MARK.search(line)) and found[1] == kind)


def connections(running: Running) -> Json:
    answer = running.api.ask("/api/v1/connections")
    assert answer.status == 200, answer.text
    found: Json = answer.json
    return found


def held(running: Running, route: str) -> list[Json]:
    rows = connections(running)["connections"]
    return [row for row in rows if row["state"] == "active" and row["route"] == route]


def active(running: Running) -> int:
    return sum(pool["active"] for pool in connections(running)["pools"])


def leaks(running: Running) -> list[Json]:
    found: list[Json] = connections(running)["leaks"]
    return found


@pytest.fixture
def shop(box: Sandbox) -> Running:
    return box.gunicorn("-w", "2", "--threads", "4", app="connections_app:app").ready(workers=2)


# R-POOL-2
def test_shows_who_holds_what(box: Sandbox, shop: Running) -> None:
    route = "GET /hold/<float:seconds>"
    waiting = shop.app.ask_in_background("/hold/6.0", timeout=60)
    row = eventually(lambda: next(iter(held(shop, route)), None), 5, "the connection is shown")
    assert row["stack"][0]["file"] == str(APP)
    assert row["stack"][0]["function"] == "hold"
    assert row["stack"][0]["line"] == line_of("hold")
    assert row["lane"] == "request"
    assert row["leak"] == "none"
    assert row["pid"] in shop.api.worker_pids()
    eventually(lambda: held(shop, route)[0]["statements"] >= 1)
    check_against("Connections", connections(shop))

    shown = box.cli("connections")
    assert shown.returncode == 0, shown.stderr
    assert f"{APP}:{line_of('hold')} in hold" in shown.stdout
    assert route in shown.stdout
    printed = json.loads(box.cli("connections", "--json", "--pool", "connections-app").stdout)
    assert [r["route"] for r in printed["connections"] if r["state"] == "active"] == [route]
    assert json.loads(box.cli("connections", "--json", "--pool", "nothing").stdout)["pools"] == []

    assert waiting.result(30).status == 200
    eventually(lambda: active(shop) == 0, 5, "it is given back")


# R-POOL-3
@pytest.mark.parametrize(("path", "kind"), [("/leak", "leak"), ("/leak/session", "session")])
def test_names_route_and_line_of_the_first_leak(
    box: Sandbox, shop: Running, path: str, kind: str
) -> None:
    assert shop.app.ask(path).status == 200
    leak = eventually(lambda: next(iter(leaks(shop)), None), 5, "the leak is told")
    assert leak["route"] == f"GET {path}"
    assert leak["stack"][0]["file"] == str(APP)
    assert leak["stack"][0]["line"] == line_of(kind)
    assert leak["kind"] == "confirmed"
    assert leak["count"] == 1
    assert (leak["holder"] == "session") == (kind == "session")
    event = eventually(lambda: next(iter(shop.api.events("connection_leaked")), None), 5)
    assert f"{APP.name}:{line_of(kind)}" in event["text"]

    def doctor() -> str | None:
        said = box.cli("doctor")
        return said.stdout if f"{APP}:{line_of(kind)}" in said.stdout else None

    eventually(doctor, 5, "the doctor names it")
    said = box.cli("doctor", "--json")
    assert said.returncode == {"warning": 1, "critical": 2}[json.loads(said.stdout)["status"]]

    def returned() -> bool:
        shop.app.ask("/return")  # one of the workers has it
        return bool(leaks(shop)[0]["returned"] == 1)

    eventually(returned, 10, "it comes back")
    eventually(lambda: shop.api.events("connection_returned"), 5)


# R-POOL-2
def test_counts_are_right_after_a_kill(shop: Running) -> None:
    for _ in range(4):  # as many as one worker alone can take
        shop.app.ask_in_background("/hold/30.0", timeout=60)
    eventually(lambda: active(shop) == 4, 5, "four connections are held")
    rows = [r for r in connections(shop)["connections"] if r["state"] == "active"]
    victim = rows[0]["pid"]
    left = sum(row["pid"] != victim for row in rows)
    kill(victim)
    eventually(lambda: active(shop) == left, 2, "the dead worker's connections are gone")
    pids = {row["pid"] for row in connections(shop)["connections"]}
    assert victim not in pids


def test_an_app_without_a_pool_has_nothing_to_show(box: Sandbox) -> None:
    running = box.gunicorn().ready(workers=2)
    answer = connections(running)
    assert answer["pools"] == answer["connections"] == answer["leaks"] == []
    shown = box.cli("connections")
    assert shown.returncode == 0
    assert "No pool has been used yet." in shown.stdout
    said = json.loads(box.cli("doctor", "--json").stdout)
    assert "pools: none has been used yet" in said["not_checked"]
