"""The history: what is recorded of an app, what survives a kill, a full disk, a damaged file."""

from __future__ import annotations

import contextlib
import csv
import io
import json
import os
import resource
import shutil
import sqlite3
import stat
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from harness import Api, Running, Sandbox, eventually, kill
from test_http import check_against, check_documented

RANGE = "/api/v1/history?metrics=workers,requests_per_second,cpu_ratio,request_seconds&step=1&from="


def history_file(box: Sandbox) -> Path:
    """The file in the state folder of the sandbox."""
    files = list((box.folder / ".local" / "state" / "stirbar" / "history").glob("*.sqlite"))
    assert len(files) == 1, files
    return files[0]


def rows(path: Path, table: str = "figures_1") -> int:
    """How many rows a reader beside the supervisor sees."""
    with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as connection:
        return int(connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0])


def info(api: Api) -> dict[str, Any]:
    """GET /api/v1/history/info."""
    answer: dict[str, Any] = api.ask("/api/v1/history/info").json
    return answer


def written(api: Api, count: int = 1) -> dict[str, Any]:
    """Waits until so many seconds are in the file."""

    def there() -> dict[str, Any] | None:
        state = info(api)
        if not state["written"] or "resolutions" not in state:
            return None
        return state if state["resolutions"][0]["rows"] >= count else None

    return eventually(there, 60, f"{count} seconds in the history")


@pytest.fixture(scope="module")
def recorded(shared_box: Sandbox, shared: Running) -> Iterator[Running]:
    """An app with some requests, of which 12 s at least are in its history."""
    for i in range(30):
        shared.app.ask(f"/item/{i}")
    written(shared.api, 12)
    yield shared


# R-CONF-2, R-DASH-1
def test_records_what_the_app_did(recorded: Running) -> None:
    api = recorded.api
    answer = api.ask(RANGE + str(int(time.time()) - 600))
    check_documented("/api/v1/history", answer)
    check_against("HistoryRange", answer.json)
    shown = answer.json
    points = len(shown["time"])
    assert shown["step"] == shown["resolution"] == 1
    assert all(len(band["mean"]) == points for band in shown["metrics"].values())
    workers = [value for value in shown["metrics"]["workers"]["max"] if value is not None]
    assert len(workers) >= 12 and max(workers) == 2
    # Before the app there was nothing: a gap, not zero.
    assert shown["metrics"]["workers"]["mean"][0] is None
    spread = shown["percentiles"]["request_seconds"]
    assert sum(spread["count"]) >= 30
    assert all(
        (p50 is None) == (count == 0)
        for p50, count in zip(spread["p50"], spread["count"], strict=True)
    )


def test_the_points_of_the_charts_are_answered_as_before(recorded: Running) -> None:
    answer = recorded.api.ask("/api/v1/history?points=5")
    check_against("History", answer.json)
    assert answer.json["points"] == 5
    assert recorded.api.ask("/api/v1/history").json["interval_seconds"] == 1


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("from=yesterday", "from: 'yesterday'"),
        ("from=200&until=100", "from: '200'"),
        ("from=0&until=20000&step=9", "step: '9'"),
        ("step=0", "step: '0'"),
        ("metrics=cpu_ratio,no_such", "metrics: 'no_such'"),
    ],
)
def test_refuses_what_it_does_not_understand_by_name(
    recorded: Running, query: str, field: str
) -> None:
    for path in ("/api/v1/history", "/api/v1/history/export"):
        answer = recorded.api.ask(f"{path}?{query}")
        check_documented(path, answer)
        assert answer.status == 400
        assert answer.json["error"].startswith(f"{field} is not allowed; it takes ")


@pytest.mark.parametrize(
    "target",
    [
        "/api/v1/records?kind=birthday",
        "/api/v1/records?most=0",
        "/api/v1/records?before=x",
        "/api/v1/records?until=soon",
        "/api/v1/history/routes?most=1000",
        "/api/v1/history/export?format=xml",
    ],
)
def test_other_questions_are_refused_by_name_too(recorded: Running, target: str) -> None:
    answer = recorded.api.ask(target)
    check_documented(target.partition("?")[0], answer)
    assert answer.status == 400
    field = target.partition("?")[2].partition("=")[0]
    assert answer.json["error"].startswith(f"{field}: ")


def test_events_are_records(recorded: Running) -> None:
    answer = recorded.api.ask("/api/v1/records?kind=event&name=worker_started")
    check_documented("/api/v1/records", answer)
    assert len(answer.json["records"]) == 2
    assert {record["kind"] for record in answer.json["records"]} == {"event"}
    page = recorded.api.ask("/api/v1/records?most=1").json
    assert len(page["records"]) == 1
    rest = recorded.api.ask(f"/api/v1/records?most=1000&before={page['before']}").json
    assert rest["before"] is None
    assert all(record["number"] < page["before"] for record in rest["records"])


def test_export_can_be_read_by_a_spreadsheet(recorded: Running) -> None:
    since = int(time.time()) - 300
    answer = recorded.api.ask(
        f"/api/v1/history/export?from={since}&step=1&metrics=workers,queue_seconds"
    )
    check_documented("/api/v1/history/export", answer)
    assert answer.headers["Content-Disposition"].startswith('attachment; filename="stirbar-history')
    lines = list(csv.DictReader(io.StringIO(answer.text)))
    assert "workers_mean" in lines[0] and "queue_seconds_p99" in lines[0]
    assert max(float(line["workers_max"] or 0) for line in lines) == 2
    as_json = recorded.api.ask(f"/api/v1/history/export?format=json&from={since}")
    check_against("HistoryRange", as_json.json)


def test_the_file_is_for_its_user_alone(recorded: Running, shared_box: Sandbox) -> None:
    file = history_file(shared_box)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700


def test_the_command_reads_the_file(recorded: Running, shared_box: Sandbox, tmp_path: Path) -> None:
    found = json.loads(shared_box.cli("history", "info", "--json").stdout)
    assert found["path"] == str(history_file(shared_box))
    assert found["resolutions"][0]["rows"] >= 12
    assert "seconds" in shared_box.cli("history", "info").stdout
    output = tmp_path / "export.csv"
    words = ["history", "export", "--step", "10", "--metrics", "workers", "-o", str(output)]
    assert shared_box.cli(*words).returncode == 0
    lines = list(csv.DictReader(output.open()))
    assert max(float(line["workers_max"] or 0) for line in lines) == 2
    refused = shared_box.cli("history", "export", "--from", "soon")
    assert refused.returncode == 2
    assert "from: 'soon' is not allowed" in refused.stderr


# R-ERR-1
def test_killed_supervisors_leave_a_sound_file_without_gaps(box: Sandbox) -> None:
    served = box.gunicorn().ready(workers=2)
    api = served.api
    began = written(api, 2)["resolutions"][0]["oldest"]
    for _ in range(5):
        before = info(api)["resolutions"][0]["rows"]
        kill(served.supervisor_pid)
        written(api, before + 5)
    served.stop()
    path = history_file(box)
    with sqlite3.connect(path) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        times = [row[0] for row in connection.execute("SELECT time FROM figures_1 ORDER BY time")]
        started = connection.execute(
            "SELECT count(*) FROM records WHERE name = 'supervisor_started'"
        ).fetchone()[0]
    assert began
    # A kill costs the seconds that were not written yet: ten, and the start of the next supervisor.
    assert max(b - a for a, b in zip(times, times[1:], strict=False)) <= 14
    assert started == 6  # each told once, though the newest events are read again after each start
    # Without a supervisor it is read just the same.
    assert json.loads(box.cli("history", "info", "--json").stdout)["resolutions"][0]["rows"] == len(
        times
    )


def test_a_full_disk_is_said_and_costs_nothing_when_there_is_room_again(box: Sandbox) -> None:
    served = box.gunicorn().ready(workers=2)
    api = served.api
    written(api, 10)
    pid = served.supervisor_pid
    before = resource.prlimit(pid, resource.RLIMIT_FSIZE)
    # No file of the supervisor may grow: its log goes on only because it is one of others.
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (4096, before[1]))
    state = eventually(lambda: info(api)["problem"] or None, 40, "the problem")
    assert "disk" in state or "full" in state or "I/O" in state, state
    finding = eventually(
        lambda: next(
            (f for f in api.snapshot()["health"]["alerts"] if f["rule"] == "history"), None
        ),
        10,
        "the finding",
    )
    assert finding["severity"] == "warning"
    assert served.app.ask("/item/1").status == 200
    assert served.supervisor_pid == pid
    full_since = time.time()
    time.sleep(12)
    resource.prlimit(pid, resource.RLIMIT_FSIZE, before)
    eventually(lambda: info(api)["written"] or None, 40, "the history goes on")
    written(api, 30)
    shown = api.ask(RANGE + str(int(full_since))).json["metrics"]["workers"]["mean"]
    assert [value for value in shown[:10] if value is None] == []  # nothing of it is missing
    assert info(api)["dropped"] == 0
    eventually(
        lambda: not [f for f in api.snapshot()["health"]["alerts"] if f["rule"] == "history"],
        30,
        "the finding goes",
    )


def test_a_damaged_file_is_set_aside_and_said(box: Sandbox) -> None:
    served = box.gunicorn("-w", "1").ready(workers=1)
    written(served.api, 2)
    served.stop()
    path = history_file(box)
    path.write_bytes(b"this is no database " * 500)
    served = box.gunicorn("-w", "1").ready(workers=1)
    written(served.api, 2)
    problem = info(served.api)["problem"]
    assert f"{path}.corrupt-" in problem and "not a database" in problem
    aside = list(path.parent.glob("*.corrupt-*"))
    assert [file.read_bytes()[:7] for file in aside] == [b"this is"]
    records = eventually(
        lambda: served.api.ask("/api/v1/records?name=history").json["records"] or None, 10
    )
    assert records[0]["severity"] == "warning"


def test_a_second_supervisor_of_the_same_name_goes_without(box: Sandbox) -> None:
    first = box.gunicorn("-w", "1").ready(workers=1)
    written(first.api, 1)
    second = box.gunicorn("-w", "1").ready(workers=1)
    state = eventually(lambda: info(second.api)["off_reason"] or None, 30, "why it has none")
    assert "another supervisor writes" in state
    assert "history" not in second.api.snapshot()["health"]["components"]
    first.stop()
    eventually(lambda: info(second.api)["written"] or None, 40, "it takes over")


def test_it_can_be_switched_off_and_put_elsewhere(box: Sandbox, tmp_path: Path) -> None:
    off = box.gunicorn("-w", "1", environment={"STIRBAR_HISTORY": "off"}).ready(workers=1)
    assert info(off.api)["off_reason"] == "it is switched off"
    answer = off.api.ask("/api/v1/records")
    check_documented("/api/v1/records", answer)
    assert answer.status == 503
    off.stop()
    assert not (box.folder / ".local" / "state" / "stirbar" / "history").exists()
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    served = box.gunicorn("-w", "1", environment={"STIRBAR_HISTORY": f"{folder}/"}).ready(workers=1)
    written(served.api, 1)
    assert len(list(folder.glob("*.sqlite"))) == 1


def test_rules_are_replayed_over_it(box: Sandbox) -> None:
    path = box.folder / "replayed.sqlite"
    served = box.gunicorn("-w", "1", environment={"STIRBAR_HISTORY": str(path)}).ready(workers=1)
    written(served.api, 2)
    rules = box.folder / "rules.toml"
    rules.write_text('[[rules]]\nname = "any_worker"\nexpr = "workers"\nwarning = 1\n')
    words = ["--history", str(path), "--rules", str(rules), "--from", str(int(time.time()) - 600)]
    printed = box.cli("replay", *words, "--json")
    assert printed.returncode == 0, printed.stderr
    report = json.loads(printed.stdout)
    assert report["points"] >= 2
    assert "any_worker" in [found["rule"] for found in report["findings"]]
    none = box.cli("replay", "--history", str(box.folder / "none.sqlite"))
    assert none.returncode == 2 and "none.sqlite" in none.stderr


def test_without_a_token_nobody_from_elsewhere_reads_it(box: Sandbox) -> None:
    served = box.gunicorn(host="0.0.0.0")
    eventually(lambda: served.api.answers("/login") or None, 30, "the login page")
    for path in ("", "/export", "/routes", "/info"):
        answer = served.api.ask(f"/api/v1/history{path}?from=0")
        assert answer.status == 401, path
    assert served.api.ask("/api/v1/records").status == 401


@pytest.mark.skipif(os.geteuid() != 0 or shutil.which("mount") is None, reason="needs a mount")
def test_a_real_full_file_system(box: Sandbox, tmp_path: Path) -> None:
    folder = tmp_path / "small"
    folder.mkdir()
    if os.system(f"mount -t tmpfs -o size=1500k none {folder} 2>/dev/null") != 0:
        pytest.skip("may not mount here")
    try:
        served = box.gunicorn("-w", "1", environment={"STIRBAR_HISTORY": f"{folder}/"}).ready(
            workers=1
        )
        written(served.api, 2)
        ballast = folder / "ballast"
        with contextlib.suppress(OSError), ballast.open("wb", buffering=0) as file:
            while True:
                file.write(b"x" * 4096)
        problem = eventually(lambda: info(served.api)["problem"] or None, 60, "the problem")
        assert "full" in problem
        ballast.unlink()
        eventually(lambda: info(served.api)["written"] or None, 40, "the history goes on")
        served.stop()
        path = next(folder.glob("*.sqlite"))
        assert rows(path) > 2
    finally:
        box.close()
        os.system(f"umount {folder}")
