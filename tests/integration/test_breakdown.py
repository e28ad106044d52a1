"""Where the time of a request goes, from the app to the API (R-REQ-3, R-REQ-4)."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator
from typing import Any

import pytest
from harness import Running, Sandbox, eventually, free_port
from upstream import upstream

Json = dict[str, Any]


@pytest.fixture(scope="module")
def app(shared_box: Sandbox) -> Running:
    environment = {"STIRBAR_SLOW_REQUEST_THRESHOLD": "0.5"}
    return shared_box.gunicorn(
        "-w", "1", "--threads", "4", app="parts_app:app", environment=environment
    ).ready(workers=1)


@pytest.fixture(scope="module")
def redis_port(shared_box: Sandbox) -> Iterator[int]:
    port = free_port()
    command = ["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--save", ""]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, cwd=shared_box.folder)
    yield port
    server.terminate()
    server.wait(10)


def snapshot(app: Running) -> Json:
    found: Json = app.api.ask("/api/v1/snapshot").json
    return found


def route_time(app: Running, rule: str, part: str) -> float:
    """Mean seconds per request of the last minute, once they are there."""

    def told() -> float | None:
        for route in snapshot(app)["routes"]:
            if route["route"].endswith(rule) and route["time"] and route["time"][part]:
                return float(route["time"][part])
        return None

    return eventually(told, what=f"{part} time of {rule}") or 0.0


def slow_request(app: Running, rule: str) -> Json:
    def told() -> Json | None:
        found = [r for r in snapshot(app)["slow_requests"] if r["route"].endswith(rule)]
        return found[-1] if found and not found[-1]["running"] else None

    found = eventually(told, what=f"a slow request of {rule}")
    assert found is not None
    return found


def test_sql_in_flight_and_after(app: Running) -> None:
    asked = app.app.ask_in_background("/sql/1.5")

    def in_sql() -> Json | None:
        found = [r for r in snapshot(app)["in_flight"] if r["activity"] == "sql"]
        return found[0] if found else None

    request = eventually(in_sql, what="a request in SQL")
    assert request is not None
    assert request["activity_seconds"] > 0 and request["connection_seconds"] > 0
    assert asked.result().text == "1"
    slow = slow_request(app, "/sql/<seconds>")
    assert slow["slow"] and slow["status"] == 200
    assert 1.5 <= slow["parts"]["sql"] <= slow["duration_seconds"] < 3
    assert slow["calls"]["sql"] == 2
    texts = [statement["text"] for statement in slow["statements"]]
    assert texts == ["select sleep(?), ?", "select ?"]
    assert slow["statements"][0]["seconds"] >= 1.5 and slow["statements"][0]["calls"] == 1
    assert "secret" not in app.api.ask("/api/v1/snapshot").text
    assert route_time(app, "/sql/<seconds>", "sql") >= 1.5


def test_redis(app: Running, redis_port: int) -> None:
    path = f"/redis?port={redis_port}"
    eventually(lambda: app.app.ask(path).text == "b'value'", what="redis answers")
    assert route_time(app, "/redis", "redis") > 0


def test_outgoing_http(app: Running) -> None:
    with upstream(delay=0.8) as other:
        assert app.app.ask(f"/requests?port={other.port}").text == "200"
        slow = slow_request(app, "/requests")
        assert slow["parts"]["http"] >= 0.8 and slow["calls"]["http"] == 1
        assert route_time(app, "/requests", "http") >= 0.8

        def told() -> Json | None:
            name = f"127.0.0.1:{other.port}"
            return next((h for h in snapshot(app)["hosts"] if h["host"] == name), None)

        host = eventually(told, what="the host is told")
        assert host is not None
        assert host["calls"] == 1 and host["failures"] == 0
        assert host["mean_seconds"] >= 0.8


def test_garbage(app: Running) -> None:
    assert app.app.ask("/garbage").status == 200
    assert route_time(app, "/garbage", "garbage") > 0


def test_no_url_no_parameter_is_shown(app: Running) -> None:
    with upstream() as other:
        assert app.app.ask(f"/urllib?port={other.port}").text == "200"
        time.sleep(1.5)
        shown = app.api.ask("/api/v1/snapshot").text
        assert "private" not in shown and "token" not in shown
