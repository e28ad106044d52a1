"""Where else the history goes: a collector of OTLP that is down and comes back, and MariaDB, which
gets every interval and every record exactly once, whatever is killed."""

from __future__ import annotations

import json
import signal
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from harness import Json, Running, Sandbox, eventually, is_running, kill
from mariadb import APP, DATABASE, MariaDb
from receivers import HttpReceiver, Received
from test_history import history_file
from test_http import check_documented

SECRET = "hush-hush, nobody sees this"


def serve(box: Sandbox, exports: str, secret: str = SECRET, **environment: str) -> Running:
    """An app with one worker; `exports` may name the file `secret`."""
    path = box.folder / "secret"
    path.write_text(secret + "\n")
    path.chmod(0o600)
    config = box.folder / "stirbar.toml"
    config.write_text(exports)
    options = ["--config", str(config)]
    return box.gunicorn("-w", "1", run_options=options, environment=environment).ready(workers=1)


def export(running: Running) -> Json:
    """The state of the only one."""
    answer = running.api.ask("/api/v1/history/info")
    check_documented("/api/v1/history/info", answer)
    [state] = answer.json["exports"]
    found: Json = state
    return found


def export_when(running: Running, condition: Any, what: str) -> Json:
    def met() -> Json | None:
        state = export(running)
        assert condition(state), state
        return state

    return eventually(met, 90, what)


def assert_hidden(box: Sandbox, running: Running, secret: str = SECRET) -> None:
    """Nobody is shown what is secret."""
    for path in ("/api/v1/history/info", "/api/v1/snapshot", "/api/v1/health", "/metrics"):
        assert secret not in running.api.ask(path).text, path
    assert secret not in running.log
    assert secret not in box.cli("history", "info").stdout


# --- OTLP -----------------------------------------------------------------------------------------


@pytest.fixture
def collector() -> Iterator[HttpReceiver]:
    with HttpReceiver() as made:
        yield made


def otlp(collector: HttpReceiver, more: str = "") -> str:
    return f'[[exports]]\nkind = "otlp"\nurl = "{collector.url}"\ninterval_seconds = 1\n{more}'


def metrics(request: Received) -> dict[str, Json]:
    """The metrics of one request by name."""
    [resource] = request.json["resourceMetrics"]
    [scope] = resource["scopeMetrics"]
    return {metric["name"]: metric for metric in scope["metrics"]}


def moments(collector: HttpReceiver) -> list[int]:
    """Of all points that were taken, in the order in which they came."""
    return [
        int(point["timeUnixNano"])
        for request in collector.taken
        for point in metrics(request)["stirbar.workers"]["gauge"]["dataPoints"]
    ]


def newest_sum(collector: HttpReceiver, name: str) -> int:
    points = [
        int(point["asInt"])
        for request in collector.taken
        for point in metrics(request)[name]["sum"]["dataPoints"]
    ]
    return points[-1] if points else -1


def test_a_collector_gets_what_the_supervisor_measures(
    box: Sandbox, collector: HttpReceiver
) -> None:
    running = serve(
        box, otlp(collector, 'token_file = "secret"\nheaders = {"X-Scope-OrgID" = "shop-7"}\n')
    )
    for i in range(20):
        running.app.ask(f"/item/{i}")
    before = running.api.wait_for_requests(20)["requests"]
    eventually(lambda: newest_sum(collector, "stirbar.requests") >= before, what="all are counted")

    request = collector.taken[-1]
    assert request.path == "/v1/metrics"
    assert request.headers["content-type"] == "application/json"
    assert request.headers["authorization"] == f"Bearer {SECRET}"
    assert request.headers["x-scope-orgid"] == "shop-7"
    [resource] = request.json["resourceMetrics"]
    attributes = {
        attribute["key"]: attribute["value"]["stringValue"]
        for attribute in resource["resource"]["attributes"]
    }
    assert attributes.keys() == {"service.name", "host.name", "stirbar.version"}
    assert attributes["service.name"] == running.api.snapshot()["app"]["name"]

    shown = metrics(request)
    assert shown["stirbar.memory_bytes"]["unit"] == "By"
    assert shown["stirbar.memory_bytes"]["gauge"]["dataPoints"][-1]["asDouble"] > 1e6
    assert shown["stirbar.workers"]["gauge"]["dataPoints"][-1]["asDouble"] == 1
    histogram = shown["stirbar.request.duration"]["histogram"]
    assert histogram["aggregationTemporality"] == 2
    point = histogram["dataPoints"][-1]
    assert int(point["count"]) == sum(int(count) for count in point["bucketCounts"])
    assert int(point["count"]) >= 20
    assert len(point["bucketCounts"]) == len(point["explicitBounds"]) + 1
    assert int(point["startTimeUnixNano"]) < int(point["timeUnixNano"])

    state = export_when(running, lambda e: e["sent"] > 0, "counted")
    assert (state["kind"], state["target"], state["error"]) == ("otlp", collector.url, "")
    assert (state["failures"], state["refused"], state["dropped"]) == (0, 0, 0)
    assert_hidden(box, running)
    assert_hidden(box, running, "shop-7")
    printed = box.cli("history", "info").stdout
    assert f"otlp {collector.url}" in printed and "works" in printed
    listed = json.loads(box.cli("history", "info", "--json").stdout)["exports"]
    assert [one["name"] for one in listed] == ["otlp"]
    text = running.api.ask("/metrics").text
    assert 'stirbar_export_failing_seconds{export="otlp"} 0' in text
    assert "stirbar_history_dropped_total 0" in text


def test_a_collector_that_was_down_gets_every_point_once(
    box: Sandbox, collector: HttpReceiver
) -> None:
    running = serve(
        box,
        otlp(collector, "retry_max_seconds = 1\n"),
        STIRBAR_SINK_FAILURE_LIMIT="1",
    )
    eventually(lambda: len(moments(collector)) >= 2, what="it works")
    collector.stop()
    state = export_when(running, lambda e: e["failures"] >= 2, "the collector is down")
    assert state["failing_since"] is not None and state["error"]
    export_when(running, lambda e: e["behind_seconds"] > 2, "it falls behind")

    def told() -> bool:
        health = running.api.ask("/api/v1/health").json
        dependencies = [row for row in health["dependencies"] if row["kind"] == "export"]
        assert [row["status"] for row in dependencies] == ["warning"], dependencies
        return any(row["rule"] == "exports" for row in running.api.snapshot()["health"]["alerts"])

    eventually(told, what="health says so")
    # Back, but not yet willing; then it asks for patience.
    collector.status, collector.more = 503, {"Retry-After": "1"}
    collector.start()
    eventually(lambda: [r for r in collector.requests if r.answer == 503], what="it is asked again")
    collector.status = 200
    missed = len(moments(collector))
    export_when(running, lambda e: e["failing_since"] is None, "it works again")
    eventually(lambda: len(moments(collector)) >= missed + 5, what="what it had missed")
    seen = moments(collector)
    assert len(set(seen)) == len(seen), "a point came twice"
    assert seen == sorted(seen)
    # Nothing is missing in between: ticks are a second apart.
    assert max(b - a for a, b in zip(seen, seen[1:], strict=False)) < 2.6e9
    state = export(running)
    assert (state["dropped"], state["refused"], state["error"]) == (0, 0, "")


def test_what_a_collector_refuses_is_given_up(box: Sandbox, collector: HttpReceiver) -> None:
    collector.status, collector.reply = 400, b"no such tenant"
    running = serve(box, otlp(collector, "retry_max_seconds = 1\n"))
    state = export_when(running, lambda e: e["refused"] > 0, "refused")
    assert state["error"] == "it answers 400: no such tenant"
    partial = {"partialSuccess": {"rejectedDataPoints": "2", "errorMessage": "too old"}}
    collector.reply, collector.status = json.dumps(partial).encode(), 200
    state = export_when(running, lambda e: e["sent"] > 0, "some are taken")
    assert state["error"] == "it has not taken 2 data points: too old"
    assert state["failing_since"] is None


# --- MariaDB --------------------------------------------------------------------------------------


def mysql(server: MariaDb) -> str:
    return f"""
[[exports]]
kind = "mysql"
server = "{server.name}"
database = "{DATABASE}"
user = "{APP.name}"
password_file = "secret"
resolution_seconds = 10
retry_max_seconds = 1
"""


def recorded(box: Sandbox) -> tuple[set[int], set[tuple[int, int, str, str]]]:
    """Intervals and records of the history's file."""
    with sqlite3.connect(f"file:{history_file(box)}?mode=ro", uri=True) as connection:
        times = {int(row[0]) for row in connection.execute("SELECT time FROM figures_10")}
        records = {
            (int(number), int(time) // 1000, name, text)
            for number, time, name, text in connection.execute(
                "SELECT number, time, name, text FROM records"
            )
        }
    return times, records


def microseconds(time: datetime) -> int:
    since = time.replace(tzinfo=UTC) - datetime(1970, 1, 1, tzinfo=UTC)
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds


def copied(server: MariaDb) -> tuple[Counter[int], Counter[tuple[int, int, str, str]]]:
    """The same of the server's tables, and how often each is there."""
    figures = server.admin(f"SELECT time FROM {DATABASE}.stirbar_figures WHERE metric = 'workers'")
    records = server.admin(f"SELECT number, time, name, text FROM {DATABASE}.stirbar_records")
    return (
        Counter(microseconds(row[0]) // 1_000_000 for row in figures),
        Counter((int(row[0]), microseconds(row[1]), row[2], row[3]) for row in records),
    )


def all_copied(box: Sandbox, server: MariaDb, intervals: int) -> bool:
    """Whether all of the history, and at least so many intervals, are there once."""
    times, records = recorded(box)
    assert len(times) >= intervals and records, "not recorded yet"
    figures, lines = copied(server)
    assert set(figures.values()) <= {1} and set(lines.values()) <= {1}
    assert times <= figures.keys(), times - figures.keys()
    assert records <= lines.keys(), records - lines.keys()
    return True


def position_file(box: Sandbox) -> Path:
    [path] = (box.folder / ".local" / "state" / "stirbar").glob("export-*.position")
    return path


def test_mariadb_gets_all_of_it_once(box: Sandbox, new_mariadb: Callable[..., MariaDb]) -> None:
    # One that keeps what it has said it has, though it is killed.
    own_mariadb = new_mariadb("--innodb-flush-log-at-trx-commit=2")
    running = serve(box, mysql(own_mariadb), APP.password)
    for i in range(20):
        running.app.ask(f"/item/{i}")
    eventually(lambda: export(running)["sent"] > 0, 90, "the tables are there")
    eventually(lambda: all_copied(box, own_mariadb, 1), 90, "the first interval and the records")
    row = own_mariadb.admin(
        f"SELECT resolution, measured, mean, minimum, maximum FROM {DATABASE}.stirbar_figures "
        "WHERE metric = 'workers' ORDER BY time DESC LIMIT 1"
    )[0]
    assert row[0] == 10 and 0 < row[1] <= 10 and row[3] <= row[2] <= row[4] == 1
    counted = own_mariadb.admin(
        f"SELECT SUM(count), MAX(p50) <= MAX(p99) FROM {DATABASE}.stirbar_percentiles "
        "WHERE metric = 'request_seconds'"
    )[0]
    assert counted[0] >= 20 and counted[1] == 1

    # The supervisor is killed: another one goes on.
    supervisor = running.supervisor_pid
    kill(supervisor)
    eventually(lambda: not is_running(supervisor), what="it is gone")
    eventually(lambda: export(running)["last_success"], 90, "its successor sends")

    # MariaDB is killed: the history is written on, and sent when it is back.
    own_mariadb.kill()
    state = export_when(running, lambda e: e["failures"] >= 2, "MariaDB is down")
    assert state["failing_since"] is not None and state["error"].startswith("error 2")
    export_when(running, lambda e: e["waiting"] >= 1, "it waits")
    own_mariadb.start()
    state = export_when(running, lambda e: e["failing_since"] is None, "it works again")
    times, _ = recorded(box)
    eventually(lambda: all_copied(box, own_mariadb, len(times)), 90, "all of it once")

    # A supervisor killed between the server's answer and its own note sends all of it again.
    before = len(times)
    position = position_file(box)
    supervisor = running.supervisor_pid
    kill(supervisor, signal.SIGSTOP)
    position.unlink()
    kill(supervisor)
    eventually(position.exists, 90, "it has sent from the beginning")
    eventually(lambda: all_copied(box, own_mariadb, before), 90, "still once")
    assert_hidden(box, running, APP.password)
    assert APP.password not in position.read_text()
    printed = box.cli("history", "info").stdout
    assert f"mysql {own_mariadb.name}/{DATABASE}" in printed


def test_an_account_that_may_not_says_so(box: Sandbox, own_mariadb: MariaDb) -> None:
    running = serve(box, mysql(own_mariadb), "not the password")
    state = export_when(running, lambda e: e["failures"] > 0, "refused")
    assert "access denied" in state["error"]
    assert_hidden(box, running, "not the password")


# --- configuration --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (
            '[[exports]]\nkind = "otlp"\nurl = "http://127.0.0.1:1"\nuser = "x"',
            ":4:8: exports: 'user'",
        ),
        ('[[exports]]\nkind = "graphite"', ":2:8: exports: 'kind' 'graphite' is not allowed"),
        ('[exports]\nkind = "otlp"', ":1:1: exports are written as [[exports]]"),
    ],
)
def test_refuses_what_it_does_not_know(box: Sandbox, text: str, why: str) -> None:
    path = box.folder / "stirbar.toml"
    path.write_text(text)
    for command in (("config", "check", str(path)), ("run", "--config", str(path), "--", "true")):
        done = box.cli(*command)
        assert done.returncode == 2
        assert f"{path}{why}" in done.stderr + done.stdout
