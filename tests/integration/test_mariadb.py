"""What MariaDB says of itself, as the supervisor shows it, and what it shows when the server is
gone, hangs, or refuses the account (R-POOL-9)."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from fault_proxy import FaultProxy
from harness import Background, Running, Sandbox, eventually, process
from mariadb import SUPERVISOR, Account, MariaDb

Json = dict[str, Any]


def watching(box: Sandbox, urls: str, **more: Any) -> Running:
    """An app with one worker under a supervisor that asks the servers of `urls`."""
    environment = {"STIRBAR_DATABASE_URLS": urls, **more.pop("environment", {})}
    return box.gunicorn("-w", "1", environment=environment, **more).ready(workers=1)


def row(app: Running, name: str) -> Json:
    found: Json = next(r for r in app.api.snapshot()["databases"] if r["name"] == name)
    return found


def row_when(app: Running, name: str, condition: Callable[[Json], Any], what: str) -> Json:
    def met() -> Json | None:
        seen = row(app, name)
        assert condition(seen), seen
        return seen

    return eventually(met, what=what)


def available(app: Running, name: str) -> Json:
    return row_when(app, name, lambda r: r["available"], "the server answers")


def unavailable(app: Running, name: str) -> Json:
    return row_when(app, name, lambda r: not r["available"], "the server is unavailable")


@pytest.fixture(scope="module")
def watched(shared_box: Sandbox, mariadb: MariaDb) -> Running:
    """An app whose supervisor asks the shared server."""
    environment = {"STIRBAR_SLOW_QUERY_THRESHOLD": "0.5"}
    return watching(shared_box, mariadb.supervisor_url(), environment=environment)


# --- figures --------------------------------------------------------------------------------------


def test_figures_are_the_servers(watched: Running, mariadb: MariaDb) -> None:
    held = [mariadb.connect() for _ in range(3)]
    # Three of the app, the supervisor's own; `status` comes over one more.
    seen = row_when(watched, mariadb.name, lambda r: r["connections"] == 4, "three more")
    assert mariadb.status("Threads_connected") == 5
    assert seen["version"].startswith(mariadb.admin("SELECT VERSION()")[0][0].partition("-")[0])
    assert seen["unavailable_since"] is None and seen["error"] is None
    assert seen["answered_age_seconds"] < 3
    assert seen["max_connections"] == mariadb.variable("max_connections")
    assert seen["wait_timeout_seconds"] == mariadb.variable("wait_timeout")
    assert 4 <= seen["connections_max_used"] <= mariadb.status("Max_used_connections")
    assert abs(seen["uptime_seconds"] - mariadb.status("Uptime")) < 5
    assert seen["aborted_clients"] <= mariadb.status("Aborted_clients")
    assert seen["is_replica"] is False and seen["replica_lag_seconds"] is None
    assert seen["read_only"] is False
    for connection in held:
        connection.close()
    row_when(watched, mariadb.name, lambda r: r["connections"] == 1, "they are gone")


def test_rates_leave_out_our_own_statements(watched: Running, mariadb: MariaDb) -> None:
    row_when(watched, mariadb.name, lambda r: r["queries_per_second"] == 0, "nobody asks anything")
    connection = mariadb.connect()

    def busy() -> bool:
        with connection.cursor() as cursor:
            for _ in range(200):
                cursor.execute("SELECT 1")
        return bool(row(watched, mariadb.name)["queries_per_second"] > 50)

    eventually(busy, what="a rate of queries")
    connection.close()
    row_when(watched, mariadb.name, lambda r: r["queries_per_second"] == 0, "they have ended")


def test_long_running_statements_have_no_literals(watched: Running, mariadb: MariaDb) -> None:
    connection = mariadb.connect()

    def run() -> None:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT SLEEP(6), 'a secret', \"it's 'one\" /* mine */ FROM DUAL WHERE 42=42"
            )

    running = Background(run)
    seen = row_when(watched, mariadb.name, lambda r: r["long_running"], "the statement is shown")
    statement = seen["long_running"][0]
    assert statement["text"] == "SELECT SLEEP(?), ?, ? FROM DUAL WHERE ?=?"
    assert statement["thread"] == connection.thread_id()
    assert 0.5 <= statement["seconds"] < 7
    assert "secret" not in watched.api.ask("/api/v1/snapshot").text
    mariadb.admin(f"KILL {connection.thread_id()}")
    with pytest.raises(Exception, match="Lost connection|interrupted"):
        running.result()
    row_when(watched, mariadb.name, lambda r: not r["long_running"], "it has ended")


def test_lock_waits(watched: Running, mariadb: MariaDb) -> None:
    mariadb.admin("CREATE TABLE shop.stock (id INT PRIMARY KEY, count INT) ENGINE=InnoDB")
    mariadb.admin("INSERT INTO shop.stock VALUES (1, 5)")
    sql = "UPDATE stock SET count = count - 1 WHERE id = 1"
    first, second = mariadb.connect(), mariadb.connect()
    first.cursor().execute(sql)
    waiting = Background(lambda: second.cursor().execute(sql))
    seen = row_when(watched, mariadb.name, lambda r: r["lock_waits_now"] == 1, "a lock wait")
    assert seen["lock_waits_now"] == 1
    first.commit()
    waiting.result()
    second.commit()
    seen = row_when(watched, mariadb.name, lambda r: r["lock_wait_mean_seconds"], "its duration")
    assert 0.01 < seen["lock_wait_mean_seconds"] < 30
    assert seen["lock_waits_now"] == 0
    for connection in (first, second):
        connection.close()
    mariadb.admin("DROP TABLE shop.stock")


def test_read_only_is_seen(box: Sandbox, own_mariadb: MariaDb) -> None:
    app = watching(box, own_mariadb.supervisor_url())
    assert available(app, own_mariadb.name)["read_only"] is False
    own_mariadb.admin("SET GLOBAL read_only = 1")
    row_when(app, own_mariadb.name, lambda r: r["read_only"] is True, "read-only")


def test_several_servers_over_tcp_and_unix_socket(
    box: Sandbox, mariadb: MariaDb, own_mariadb: MariaDb
) -> None:
    user = own_mariadb.supervisor_url().partition("@")[0]
    urls = f"{mariadb.supervisor_url()}, {user}@/?unix_socket={own_mariadb.socket}"
    app = watching(box, urls)
    available(app, mariadb.name)
    available(app, own_mariadb.socket)
    assert [r["name"] for r in app.api.snapshot()["databases"]] == [
        mariadb.name,
        own_mariadb.socket,
    ]
    own_mariadb.kill()
    unavailable(app, own_mariadb.socket)
    assert row(app, mariadb.name)["available"]


def test_an_account_without_privileges_sees_what_it_may(box: Sandbox, mariadb: MariaDb) -> None:
    nobody = Account("nobody", "nobody")
    mariadb.admin("CREATE USER nobody@'%' IDENTIFIED BY 'nobody'")
    app = watching(box, mariadb.url(nobody, driver="mysql").rpartition("/")[0])
    seen = available(app, mariadb.name)
    assert seen["connections"] >= 1
    assert seen["is_replica"] is None
    assert seen["long_running"] == []
    app.stop()
    mariadb.admin("DROP USER nobody@'%'")


# --- faults ---------------------------------------------------------------------------------------


def test_server_killed_and_restarted(box: Sandbox, own_mariadb: MariaDb) -> None:
    app = watching(box, own_mariadb.supervisor_url())
    name = own_mariadb.name
    before = available(app, name)
    killed = time.time()
    own_mariadb.kill()
    gone = unavailable(app, name)
    assert abs(gone["unavailable_since"] - killed) < 5
    assert "error 20" in gone["error"]
    assert gone["connections"] is None and gone["queries_per_second"] is None
    assert gone["max_connections"] == before["max_connections"]
    later = row_when(app, name, lambda r: r["answered_age_seconds"] > 3, "time passes")
    assert later["unavailable_since"] == gone["unavailable_since"]
    assert "cannot connect" in later["error"]
    own_mariadb.start()
    back = available(app, name)
    assert back["unavailable_since"] is None
    assert back["uptime_seconds"] < before["uptime_seconds"] + 30
    seen = row_when(app, name, lambda r: r["queries_per_second"] is not None, "rates again")
    assert seen["queries_per_second"] < 1000


def test_wrong_password(box: Sandbox, mariadb: MariaDb) -> None:
    wrong = Account(SUPERVISOR.name, "not-the-password")
    app = watching(box, mariadb.url(wrong, driver="mysql").rpartition("/")[0])
    seen = unavailable(app, mariadb.name)
    assert seen["error"] == "error 1045: access denied: wrong user or password"
    assert seen["version"] is None and seen["max_connections"] is None
    assert "not-the-password" not in app.api.ask("/api/v1/snapshot").text + app.log


def freshness(app: Running, seconds: float) -> float:
    """The longest time that the snapshot stood still within `seconds`."""
    until, worst = time.monotonic() + seconds, 0.0
    while time.monotonic() < until:
        seen = datetime.fromisoformat(app.api.snapshot()["time"].replace("Z", "+00:00"))
        worst = max(worst, time.time() - seen.timestamp())
        time.sleep(0.05)
    return worst


def test_half_open_server_does_not_hold_the_loop(
    box: Sandbox, mariadb: MariaDb, proxy: FaultProxy
) -> None:
    app = watching(box, mariadb.supervisor_url(proxy.port))
    name = f"127.0.0.1:{proxy.port}"
    available(app, name)
    proxy.half_open()
    assert freshness(app, 3) < 2.5
    gone = unavailable(app, name)
    assert gone["error"].startswith("error 2013") or gone["error"].startswith("no answer")
    assert freshness(app, 3) < 2.5
    proxy.pass_all()
    proxy.cut()
    available(app, name)


def test_server_that_drips_bytes(box: Sandbox, mariadb: MariaDb, proxy: FaultProxy) -> None:
    app = watching(box, mariadb.supervisor_url(proxy.port))
    name = f"127.0.0.1:{proxy.port}"
    available(app, name)
    proxy.slow(bytes_per_second=5)  # each read gets its byte in time
    seen = row_when(app, name, lambda r: not r["available"], "it counts as silent")
    assert seen["error"].startswith("no answer for ") or seen["error"].startswith("error 2013")
    proxy.pass_all()
    available(app, name)


def test_stopped_server(box: Sandbox, own_mariadb: MariaDb) -> None:
    app = watching(box, own_mariadb.supervisor_url())
    available(app, own_mariadb.name)
    own_mariadb.suspend()
    unavailable(app, own_mariadb.name)
    own_mariadb.resume()
    available(app, own_mariadb.name)


def test_full_server(box: Sandbox, new_mariadb: Callable[..., MariaDb]) -> None:
    server = new_mariadb("--max-connections=10")
    held = [server.connect() for _ in range(10)]
    app = watching(box, server.supervisor_url())
    assert unavailable(app, server.name)["error"] == "error 1040: too many connections"
    held.pop().close()
    assert available(app, server.name)["max_connections"] == 10
    for connection in held:
        connection.close()


def test_ends_in_time_while_a_server_hangs(
    box: Sandbox, mariadb: MariaDb, proxy: FaultProxy
) -> None:
    proxy.black_hole()
    app = watching(box, mariadb.supervisor_url(proxy.port))
    unavailable(app, f"127.0.0.1:{proxy.port}")
    began = time.monotonic()
    app.stop()
    assert time.monotonic() - began < 5
    box.assert_nothing_left()


def test_without_the_library(box: Sandbox, mariadb: MariaDb, tmp_path: Path) -> None:
    (tmp_path / "libmariadb.so.3").write_text("no library")
    app = watching(box, mariadb.supervisor_url(), environment={"LD_LIBRARY_PATH": str(tmp_path)})
    seen = unavailable(app, mariadb.name)
    assert seen["error"].startswith("MariaDB Connector/C is not installed (libmariadb.so.3")


# --- configuration --------------------------------------------------------------------------------


def test_password_of_a_file(box: Sandbox, mariadb: MariaDb, tmp_path: Path) -> None:
    secret = tmp_path / "password"
    secret.write_text(SUPERVISOR.password + "\n")
    environment = {"STIRBAR_DATABASE_PASSWORD_FILE": str(secret)}
    url = f"mysql://{SUPERVISOR.name}@{mariadb.name}"
    available(watching(box, url, environment=environment), mariadb.name)


def test_option_and_its_password_are_not_shown(box: Sandbox, mariadb: MariaDb) -> None:
    options = ["--database", mariadb.supervisor_url()]
    app = box.gunicorn("-w", "1", run_options=options).ready(workers=1)
    available(app, mariadb.name)
    encoded = mariadb.supervisor_url().partition("@")[0].rpartition(":")[2]
    for pid in (app.pid, app.supervisor_pid):
        seen = process(pid)
        assert seen is not None and "--database" in seen.command
        assert encoded not in seen.command
    shown = app.api.ask("/api/v1/snapshot").text + app.log
    assert encoded not in shown and SUPERVISOR.password not in shown


@pytest.mark.parametrize("command", [["run", "--database", "{}", "--", "true"], ["attach"]])
def test_a_wrong_url_is_refused_and_not_shown(box: Sandbox, command: list[str]) -> None:
    bad = "mysql://user:geheim@localhost:port"
    words = [word.format(bad) for word in command]
    environment = {} if "--database" in words else {"STIRBAR_DATABASE_URLS": bad}
    refused = box.cli(*words, environment=environment)
    assert refused.returncode == 2
    assert "database URL 1 has a port that is not allowed (1 to 65535)" in refused.stderr
    assert "geheim" not in refused.stderr + refused.stdout


# --- DatabaseManager under a supervisor -----------------------------------------------------------


@pytest.fixture
def managed(box: Sandbox, own_mariadb: MariaDb) -> Iterator[Running]:
    environment = {"DATABASE_URL": own_mariadb.url()}
    yield watching(
        box, own_mariadb.supervisor_url(), app="database_app:app", environment=environment
    )


def test_manager_tells_what_the_supervisor_sees(managed: Running, own_mariadb: MariaDb) -> None:
    available(managed, own_mariadb.name)
    assert managed.app.ask("/sql/0.2").status == 200

    def measured() -> Json | None:
        figures: Json = managed.app.ask("/stats").json
        assert figures["source"] == "supervisor", figures
        return figures if figures["database_query_time"] else None

    figures = eventually(measured, what="the supervisor's figures")
    assert figures["name"] == own_mariadb.name
    assert figures["max_connections"] == own_mariadb.variable("max_connections")
    assert figures["pool"]["idle"] == 1
    # 0.2 s of SQL in one request, next to a few without any.
    assert 0.005 < figures["database_query_time"] < 0.3
    assert managed.app.ask("/health").json["status"] in ("healthy", "warning")
    own_mariadb.kill()
    health = eventually(
        lambda: (
            found if (found := managed.app.ask("/health").json)["status"] == "critical" else None
        ),
        what="health is critical",
    )
    seen = health["databases"]["default"]
    assert seen["available"] is False
    assert seen["unavailable_since"] == pytest.approx(time.time(), abs=30)
