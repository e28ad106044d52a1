"""The database goes in every way in which a server and a network can, and comes back (R-POOL-7)."""

from __future__ import annotations

import mmap
import time
from collections.abc import Callable
from statistics import median
from typing import Any

import pytest
from fault_proxy import FaultProxy
from harness import Answer, Background, Running, Sandbox, eventually
from mariadb import APP, Account, MariaDb

THREADS = 4
Start = Callable[..., Running]


@pytest.fixture
def start(box: Sandbox) -> Start:
    """Starts the app in one worker: what is asked and what is counted is in the same process."""

    def started(url: str, **environment: str) -> Running:
        return box.gunicorn(
            "-w",
            "1",
            "--threads",
            str(THREADS),
            app="faults_app:app",
            environment={"TEST_DATABASE_URL": url, **environment},
        ).ready(workers=1)

    return started


def timed(app: Running, path: str = "/port") -> tuple[Answer, float]:
    began = time.monotonic()
    answer = app.app.ask(path)
    return answer, time.monotonic() - began


def until_unavailable(app: Running, path: str = "/port") -> Answer:
    """Asks until the breaker is open."""
    return eventually(
        lambda: found if (found := app.app.ask(path)).status == 503 else None, what="503"
    )


def until_served(app: Running, path: str = "/port", seconds: float = 30) -> float:
    """How long it took."""
    began = time.monotonic()
    eventually(lambda: app.app.ask(path).status == 200, seconds, what="200")
    return time.monotonic() - began


def pool_of(app: Running) -> dict[str, Any]:
    found: dict[str, Any] = app.app.ask("/pool").json
    return found


def assert_fast_503(app: Running, path: str = "/port") -> None:
    """The database is not even tried: under 10 ms, or, on a machine that is busy with something
    else, about what a view takes that does nothing."""
    refused, plain = [], []
    for _ in range(20):
        answer, seconds = timed(app, path)
        assert answer.status == 503, answer.text
        assert answer.text == "The database is not available. Please try again later.\n"
        assert 1 <= int(answer.headers["Retry-After"]) <= 31
        refused.append(seconds)
        plain.append(timed(app, "/")[1])
    assert median(refused) < max(0.010, 3 * median(plain)), (refused, plain)


def assert_whole(app: Running, server: MariaDb) -> None:
    """No connection lost, none doubled: what the pool knows is what the server knows."""
    pool = pool_of(app)
    assert pool["out"] == 0
    eventually(lambda: server.connections() == pool_of(app)["idle"], 10, "the counts agree")
    assert "stirbar-reconnect" not in pool_of(app)["threads"]


def is_in_segment(box: Sandbox, field: str) -> bool:
    """Whether a field of text in the segment holds just that."""
    with box.segment().open("rb") as file, mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ) as text:
        return text.find(b"\0" + field.encode() + b"\0") >= 0


def test_refused(start: Start, box: Sandbox, mariadb: MariaDb, proxy: FaultProxy) -> None:
    app = start(mariadb.url(port=proxy.port))
    assert app.app.ask("/port").status == 200
    assert pool_of(app)["class"] == "FairPool"
    proxy.refuse()
    proxy.cut()
    assert until_unavailable(app).status == 503
    assert_fast_503(app)
    assert app.app.ask("/").status == 200
    # PoolTarget: its name, and of the error class and number only.
    assert is_in_segment(box, f"127.0.0.1:{proxy.port}")
    assert is_in_segment(box, "OperationalError 2003")
    proxy.pass_all()
    assert until_served(app) < 6
    eventually(lambda: "stirbar-reconnect" not in pool_of(app)["threads"])
    assert_whole(app, mariadb)
    # Once for each change, however many were refused.
    assert app.log.count("is unavailable (") == 1, app.log
    assert app.log.count("is available again") == 1
    (back,) = eventually(lambda: app.api.events("database_available"))
    assert back["value"] > 0
    assert len(app.api.events("database_unavailable")) == 1


def test_reset(start: Start, mariadb: MariaDb, proxy: FaultProxy) -> None:
    app = start(mariadb.url(port=proxy.port))
    assert app.app.ask("/port").status == 200
    proxy.reset()
    proxy.cut()
    until_unavailable(app)
    assert_fast_503(app)
    proxy.pass_all()
    assert until_served(app) < 6


def test_half_open(start: Start, mariadb: MariaDb, proxy: FaultProxy) -> None:
    """Connecting takes until the driver's time-out; no request waits for it any more."""
    app = start(mariadb.url(port=proxy.port), POOL_SIZE="8")
    assert app.app.ask("/port").status == 200
    proxy.half_open()
    for one in [Background(lambda: app.app.ask("/port")) for _ in range(THREADS)] * 2:
        assert one.result().status >= 500
    until_unavailable(app)
    assert_fast_503(app)
    assert app.app.ask("/").status == 200
    proxy.pass_all()
    assert until_served(app) < 8


def test_slow_is_not_gone(start: Start, mariadb: MariaDb, proxy: FaultProxy) -> None:
    app = start(mariadb.url(port=proxy.port))
    proxy.slow(delay=0.1)
    for _ in range(3):
        assert app.app.ask("/port").status == 200
    assert app.api.events("database_unavailable") == []


def test_max_connections(start: Start, new_mariadb: Callable[..., MariaDb]) -> None:
    server = new_mariadb("--max-connections=10")
    app = start(server.url())
    held = [server.connect() for _ in range(10)]
    until_unavailable(app)
    assert_fast_503(app)
    for connection in held:
        connection.close()
    assert until_served(app) < 6
    assert "OperationalError 1040" in app.log


def test_a_wrong_password_is_no_retry_storm(start: Start, mariadb: MariaDb) -> None:
    wrong = Account(APP.name, "no-password-of-theirs")
    app = start(mariadb.url(wrong))
    until_unavailable(app)
    before = mariadb.status("Aborted_connects") + mariadb.status("Access_denied_errors")
    until, asked = time.monotonic() + 5, 0
    while time.monotonic() < until:
        app.app.ask("/port")
        asked += 1
    after = mariadb.status("Aborted_connects") + mariadb.status("Access_denied_errors")
    assert asked > 200
    # Tries after 0.5, 1, 2, 4 s of full jitter; each counts as one of each kind.
    assert after - before <= 2 * 20
    assert "stirbar-reconnect" not in pool_of(app)["threads"]
    assert "OperationalError 1045" in app.log and wrong.password not in app.log


def test_a_read_only_server_is_not_gone(start: Start, new_mariadb: Callable[..., MariaDb]) -> None:
    server = new_mariadb("--read-only")
    server.admin("CREATE TABLE shop.written (id INT PRIMARY KEY AUTO_INCREMENT)")
    app = start(server.url())
    for _ in range(10):
        assert app.app.ask("/write").status == 500
    assert app.app.ask("/port").status == 200
    assert app.api.events("database_unavailable") == []


def test_a_standby_serves(start: Start, own_mariadb: MariaDb, mariadb: MariaDb) -> None:
    app = start(own_mariadb.url(), FALLBACK=mariadb.url())
    assert app.app.ask("/port").text == str(own_mariadb.port)
    own_mariadb.kill()
    eventually(lambda: app.app.ask("/port").text == str(mariadb.port))
    for _ in range(20):
        assert app.app.ask("/port").text == str(mariadb.port)
    own_mariadb.start()
    eventually(lambda: app.api.events("database_available"))
    # Slowly back: it is watched for a while first.
    assert app.app.ask("/port").text == str(mariadb.port)


def test_a_replica_serves_what_only_reads(
    start: Start, own_mariadb: MariaDb, mariadb: MariaDb
) -> None:
    app = start(mariadb.url(), REPLICA=own_mariadb.url())
    for _ in range(3):
        assert app.app.ask("/reading").text == str(own_mariadb.port)
        assert app.app.ask("/port").text == str(mariadb.port)
    own_mariadb.kill()
    eventually(lambda: app.app.ask("/reading").text == str(mariadb.port))


def test_observe_only_changes_nothing(start: Start, mariadb: MariaDb, proxy: FaultProxy) -> None:
    app = start(mariadb.url(port=proxy.port), STIRBAR_DATABASE_BREAKER="observe")
    assert app.app.ask("/port").status == 200
    proxy.refuse()
    proxy.cut()
    for _ in range(20):
        assert app.app.ask("/port").status == 500
    assert len(eventually(lambda: app.api.events("database_unavailable"))) == 1
    proxy.pass_all()
    assert app.app.ask("/port").status == 200


def test_low_priority_is_refused_while_the_pool_is_full(
    start: Start, mariadb: MariaDb
) -> None:  # R-POOL-5
    app = start(mariadb.url(), POOL_SIZE="2", LIMITS="1")
    holders = [Background(lambda: app.app.ask("/hold/4.0")) for _ in range(2)]
    eventually(lambda: pool_of(app)["out"] == 2)

    def throttled() -> bool:
        answer, seconds = timed(app, "/background")
        return answer.status == 503 and seconds < 0.1

    eventually(throttled, 4, "a background request is refused at once")
    for one in holders:
        assert one.result().status == 200
    assert app.app.ask("/port").status == 200


def test_killed_under_load(start: Start, own_mariadb: MariaDb, box: Sandbox) -> None:
    app = start(own_mariadb.url())
    stop = False
    seen: list[tuple[float, str, int, float]] = []

    def client(path: str) -> None:
        while not stop:
            answer, seconds = timed(app, path)
            seen.append((time.monotonic(), path, answer.status, seconds))

    clients = [Background(lambda: client("/port")) for _ in range(3)]
    clients.append(Background(lambda: client("/")))
    eventually(lambda: len(seen) > 200)
    killed = time.monotonic()
    own_mariadb.kill()
    until_unavailable(app)
    opened = time.monotonic()
    time.sleep(8)  # under load: long enough for its retries to be seconds apart
    started = time.monotonic()
    own_mariadb.start()
    up = time.monotonic()
    eventually(lambda: app.app.ask("/port").status == 200)
    served = time.monotonic()
    time.sleep(1)  # under load again
    stop = True
    for one in clients:
        one.result()
    assert served - up < 5
    assert opened - killed < 2
    gone = [row for row in seen if opened < row[0] - row[3] and row[0] < started]
    plain = median(row[3] for row in seen if row[1] == "/" and killed < row[0] < started)
    before = median(row[3] for row in seen if row[1] == "/" and row[0] < killed)
    refused = median(row[3] for row in gone if row[1] == "/port")
    assert {row[2] for row in gone if row[1] == "/port"} == {503}
    assert {row[2] for row in seen if row[1] == "/"} == {200}
    assert refused < max(0.010, 3 * plain)
    assert plain < max(0.010, 2 * before)
    assert all(row[2] == 200 for row in seen if row[0] > served + 0.5)
    eventually(lambda: "stirbar-reconnect" not in pool_of(app)["threads"])
    assert_whole(app, own_mariadb)
