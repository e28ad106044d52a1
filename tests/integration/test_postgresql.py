"""The pool serves PostgreSQL as it serves MariaDB (R-POOL-2, R-POOL-3, R-POOL-7)."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from harness import Running, Sandbox, eventually
from postgresql import PASSWORD, PostgreSql, binaries

pytestmark = pytest.mark.skipif(
    binaries() is None, reason="this machine has no PostgreSQL server (Debian: postgresql)"
)
Start = Callable[..., Running]


@pytest.fixture
def server() -> Iterator[PostgreSql]:
    pytest.importorskip("psycopg2")
    made = PostgreSql()
    try:
        yield made.start()
    finally:
        made.close()


@pytest.fixture
def start(box: Sandbox) -> Start:
    def started(url: str) -> Running:
        environment = {"TEST_DATABASE_URL": url}
        return box.gunicorn(
            "-w", "1", "--threads", "4", app="faults_app:app", environment=environment
        ).ready(workers=1)

    return started


def pool_of(app: Running) -> dict[str, Any]:
    found: dict[str, Any] = app.app.ask("/pool").json
    return found


def test_it_is_served_by_the_fair_pool(start: Start, server: PostgreSql) -> None:
    app = start(server.url())
    assert app.app.ask("/port").text == str(server.port)
    assert pool_of(app)["class"] == "FairPool"
    assert server.connections() == 1
    (pool,) = eventually(lambda: app.api.snapshot()["pools"], what="the pool is seen")
    assert pool["name"] == f"postgresql://{server.name}/postgres"
    shown = app.api.ask("/api/v1/connections")
    assert [target["name"] for target in shown.json["pools"][0]["targets"]] == [server.name]
    assert PASSWORD not in shown.text


def test_killed_and_back(start: Start, server: PostgreSql) -> None:
    app = start(server.url())
    assert app.app.ask("/port").status == 200
    server.kill()
    refused = eventually(
        lambda: found if (found := app.app.ask("/port")).status == 503 else None, what="503"
    )
    assert int(refused.headers["Retry-After"]) >= 1
    assert app.app.ask("/").status == 200
    server.start()
    eventually(lambda: app.app.ask("/port").status == 200, 10, "it is served again")
    assert pool_of(app)["out"] == 0
    eventually(lambda: server.connections() == pool_of(app)["idle"], 10, "the counts agree")


def test_cut_connections_are_replaced(start: Start, server: PostgreSql) -> None:
    app = start(server.url())
    assert app.app.ask("/port").status == 200
    time.sleep(0.6)  # idle for longer than pool_ping_after: it is pinged before it is given out
    cut = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
    assert server.admin(f"{cut} WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()")
    assert app.app.ask("/port").status == 200
    assert server.connections() == 1


def test_a_wrong_password_is_no_retry_storm(start: Start, server: PostgreSql) -> None:
    app = start(server.url("wrong"))
    until, asked = time.monotonic() + 4, 0
    while time.monotonic() < until:
        assert app.app.ask("/port").status in (500, 503)
        asked += 1
    assert asked > 50
    assert server.log.count("password authentication failed") <= 20
    assert "stirbar-reconnect" not in pool_of(app)["threads"]


def test_a_leak_is_named(box: Sandbox, server: PostgreSql) -> None:
    app = box.gunicorn(
        "-w",
        "1",
        app="connections_app:app",
        environment={"TEST_DATABASE_URL": server.url()},
    ).ready(workers=1)
    assert app.app.ask("/leak").status == 200
    (leak,) = eventually(lambda: app.api.ask("/api/v1/connections").json["leaks"], what="a leak")
    assert leak["route"] == "GET /leak"
