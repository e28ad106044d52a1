"""`Stirbar(app)`: the supervisor it starts, the pages it adds, the seed's classes, its refusals."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
from collections.abc import Iterator

import pytest
from harness import (
    APPS,
    PATIENCE,
    PYTHON,
    Load,
    Running,
    Sandbox,
    comm,
    eventually,
    is_running,
    kill,
    process,
)


def supervisors(box: Sandbox) -> list[int]:
    return [one.pid for one in box.processes() if comm(one.pid) == "stirbar-super"]


def one_supervisor(box: Sandbox) -> int:
    found = eventually(
        lambda: p if len(p := supervisors(box)) == 1 else None, what="one supervisor"
    )
    return found[0]


@pytest.fixture(scope="module")
def pages(shared_box: Sandbox) -> Iterator[Running]:
    """An app with `Stirbar(app)`, for tests that only look at it."""
    yield shared_box.extension().ready(workers=2)


# --- the supervisor -------------------------------------------------------------------------------


# R-ERR-1
def test_starts_one_supervisor_that_comes_back_and_ends_when_told(box: Sandbox) -> None:
    served = box.extension().ready(workers=2)
    first = one_supervisor(box)
    assert served.api.snapshot()["supervisor"]["pid"] == first
    assert len(box.files()) == 2  # one segment that both workers have joined, and its lock
    found = process(first)
    assert found is not None
    assert found.parent not in served.api.worker_pids()  # it outlives the worker that started it

    before = served.api.totals()["requests"]
    load = Load(box, served.app.port, clients=2)
    kill(first)
    second = eventually(lambda: p if (p := supervisors(box)) and p != [first] else None, 15)
    seen_by_new = eventually(served.api.snapshot, 15)
    assert seen_by_new["supervisor"]["generation"] == 2
    assert seen_by_new["totals"]["requests"] >= before
    assert served.api.port == int(seen_by_new["app"]["url"].rstrip("/").rpartition(":")[2])
    seen = load.stop()
    assert (seen.failed, seen.wrong) == (0, 0)
    totals = served.api.wait_for_requests(before + seen.sent)
    assert totals["requests"] == before + seen.sent
    # Both workers may have started one; only one has stayed.
    assert eventually(lambda: supervisors(box) if len(supervisors(box)) == 1 else None) == second

    # Without workers it lives on: a restart of the app finds it, with its history.
    assert served.stop() == 0
    eventually(lambda: served.api.totals()["workers_exited"] == 2)
    assert is_running(second[0])
    assert served.api.ask("/health/ready").status == 503
    again = box.extension("-b", f"127.0.0.1:{served.app.port}")
    again.api.port, again.app.port = served.api.port, served.app.port
    again.ready(workers=2)
    assert one_supervisor(box) == second[0]
    assert again.api.totals()["requests"] >= totals["requests"]
    assert again.stop() == 0
    kill(second[0], signal.SIGTERM)
    eventually(lambda: not box.processes())


def test_second_port_is_taken_from_nobody(box: Sandbox) -> None:
    """The pages' port is in use: the app and its own pages serve without it."""
    first = box.extension().ready(workers=2)
    busy = {"STIRBAR_LISTEN": f"127.0.0.1:{first.api.port}", "STIRBAR_RUNTIME_DIR": ""}
    other = box.runtime / "other"
    busy["STIRBAR_RUNTIME_DIR"] = str(other)
    second = box.extension(environment=busy)
    eventually(lambda: second.app.answers("/"))
    eventually(lambda: "no pages" in second.log, what="it says so")
    page = "/admin/responsiveness/api/v1/snapshot"
    figures = eventually(lambda: a if (a := second.app.ask(page)).status == 200 else None)
    assert figures.json["app"]["url"] == ""


# R-ERR-1: with `stirbar run` there is one supervisor, and the extension joins it
def test_together_with_stirbar_run(box: Sandbox) -> None:
    served = box.gunicorn(app="extension_app:app").ready(workers=2)
    assert one_supervisor(box) == served.supervisor_pid
    before = served.api.totals()["requests"]
    for _ in range(20):
        assert served.app.ask("/").status == 200
    totals = served.api.wait_for_requests(before + 20)
    assert totals["requests"] == before + 20  # instrumented once, counted once
    page = served.app.ask("/admin/responsiveness/api/v1/snapshot")
    assert page.json["supervisor"]["pid"] == served.supervisor_pid
    assert served.stop() == 0
    box.assert_nothing_left()


# --- the pages ------------------------------------------------------------------------------------


# R-DASH-1
def test_pages_in_the_flask_app(pages: Running) -> None:
    page = pages.app.ask("/admin/responsiveness")
    assert page.status == 200
    assert page.headers["Content-Type"] == "text/html; charset=utf-8"
    assert '<base href="/admin/responsiveness/">' in page.text
    assert re.search(r'name="stirbar-live" content="poll"', page.text)
    assert "default-src 'none'" in page.headers["Content-Security-Policy"]
    assert page.headers["X-Content-Type-Options"] == "nosniff"
    assert "http:" not in page.text and "https:" not in page.text  # nothing from elsewhere
    assets = re.findall(r'(?:src|href)="\.?/?(assets/[^"]+)"', page.text)
    assert assets
    for asset in assets:
        answer = pages.app.ask(f"/admin/responsiveness/{asset}")
        assert answer.status == 200
        assert "immutable" in answer.headers["Cache-Control"]
        assert not answer.headers["Content-Type"].startswith("text/html")
    assert pages.app.ask("/admin/responsiveness/assets/none.js").status == 404
    assert pages.app.ask("/admin/responsiveness/assets/..%2f..%2fconfig.py").status == 404
    assert pages.app.ask("/admin/responsiveness/routes").status == 200
    monitoring = pages.app.ask("/admin/monitoring")
    assert 'name="stirbar-page" content="/workers"' in monitoring.text


# R-DASH-1
def test_api_in_the_flask_app_is_that_of_the_supervisor(pages: Running) -> None:
    inside = pages.app.ask("/admin/responsiveness/api/v1/snapshot").json
    outside = pages.api.snapshot()
    assert inside.keys() == outside.keys()
    assert inside["app"] == outside["app"]
    history = pages.app.ask("/admin/responsiveness/api/v1/history?points=2").json
    assert history.keys() == pages.api.ask("/api/v1/history").json.keys()
    series = pages.api.ask("/api/v1/history").json["series"]
    assert history["series"].keys() == series.keys()
    assert history["points"] == len(history["series"]["time"]) <= 2
    for bad in ("0", "901", "x", "-1", "1.5", "%F0%9F%98%80", ""):
        refused = pages.app.ask(f"/admin/responsiveness/api/v1/history?points={bad}")
        assert refused.status == 400
        assert "1 to 900" in refused.json["error"]


def test_what_only_the_supervisor_has_is_said_with_its_address(pages: Running) -> None:
    url = pages.api.snapshot()["app"]["url"]
    for name in ("stacks", "latency"):
        answer = pages.app.ask(f"/admin/responsiveness/api/v1/{name}?route=x&pid=1")
        assert answer.status == 404
        assert name in answer.json["error"]
        assert "the supervisor's own pages" in answer.json["error"]
        assert answer.json["url"] == url != ""
        refused = pages.app.ask(
            f"/admin/responsiveness/api/v1/{name}", headers={"X-Forwarded-For": "203.0.113.7"}
        )
        assert refused.status == 403


# R-HLTH-1, R-HLTH-2
def test_health_page_for_programs_and_for_people(pages: Running) -> None:
    answer = pages.app.ask("/admin/health", headers={"Accept": "application/health+json"})
    assert answer.status == 200
    assert answer.headers["Content-Type"] == "application/health+json"
    assert answer.json["status"] in ("pass", "warn")
    assert "memory:state" in answer.json["checks"]
    for accept in ("*/*", "application/json", ""):
        plain = pages.app.ask("/admin/health", headers={"Accept": accept} if accept else {})
        assert plain.headers["Content-Type"] == "application/health+json"
    browser = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
    page = pages.app.ask("/admin/health", headers={"Accept": browser})
    assert page.headers["Content-Type"].startswith("text/html")


# R-DASH-1: without a rule only this machine may look
@pytest.mark.parametrize(
    "headers",
    [
        {"X-Forwarded-For": "203.0.113.7"},
        {"X-Forwarded-For": "127.0.0.1, 203.0.113.7"},
        {"X-Forwarded-For": "203.0.113.7, 127.0.0.1"},
        {"X-Forwarded-For": "nonsense"},
        {"X-Real-IP": "203.0.113.7"},
        {"Forwarded": "for=203.0.113.7"},
        {"X-Forwarded-For": "::ffff:203.0.113.7"},
        {"Host": "rebound.example:80"},
    ],
)
def test_strangers_are_refused_without_a_rule(pages: Running, headers: dict[str, str]) -> None:
    for path in (
        "/admin/responsiveness",
        "/admin/monitoring",
        "/admin/health",
        "/admin/responsiveness/api/v1/snapshot",
        "/admin/responsiveness/api/v1/history",
        "/admin/responsiveness/assets/none.js",
    ):
        assert pages.app.ask(path, headers=headers).status == 403, path
    assert pages.app.ask("/", headers=headers).status == 200


def test_this_machine_is_let_in_without_a_rule(pages: Running) -> None:
    for headers in (
        {},
        {"X-Forwarded-For": "127.0.0.1"},
        {"X-Real-IP": "::1"},
        {"Host": "localhost"},
    ):
        assert pages.app.ask("/admin/monitoring", headers=headers).status == 200


# R-DASH-1: REMOTE_ADDR as ProxyFix and a socket that is not loopback give it
def test_strangers_are_refused_behind_proxyfix(box: Sandbox) -> None:
    served = box.extension("-w", "1", environment={"TEST_PROXY": "1"}).ready()
    stranger = {"X-Forwarded-For": "203.0.113.7"}
    assert served.app.ask("/admin/monitoring", headers=stranger).status == 403
    here = {"X-Forwarded-For": "127.0.0.1"}
    assert served.app.ask("/admin/monitoring", headers=here).status == 200


def test_stranger_by_address_is_refused() -> None:
    code = """
import flask, stirbar
app = flask.Flask("addresses")
stirbar.Stirbar(app, supervisor=False)
client = app.test_client()
for address in ("203.0.113.7", "10.0.0.1", "::ffff:203.0.113.7", "", "unix:", "127.0.0.1", "::1"):
    answer = client.get("/admin/health", environ_overrides={"REMOTE_ADDR": address})
    print(repr(address), answer.status_code)
"""
    run = subprocess.run([PYTHON, "-c", code], capture_output=True, text=True, check=True)
    codes = [line.rpartition(" ")[2] for line in run.stdout.splitlines()]
    assert codes[:5] == ["403"] * 5, run.stdout
    assert all(code != "403" for code in codes[5:]), run.stdout


# R-DASH-1
def test_access_rule_decides_alone(box: Sandbox) -> None:
    served = box.extension("-w", "1", environment={"TEST_ACCESS": "1"}).ready()
    page = "/admin/responsiveness"
    assert served.app.ask(page).status == 403
    admin = {"X-Admin": "yes", "X-Forwarded-For": "203.0.113.7", "Host": "app.example"}
    assert served.app.ask(page, headers=admin).status == 200
    assert served.app.ask("/admin/health", headers=admin).status == 200


# A probe request must not create a session (facts 3)
def test_no_session_is_begun(pages: Running) -> None:
    assert "Set-Cookie" in pages.app.ask("/visits").headers
    for path in ("/admin/responsiveness", "/admin/health", "/admin/responsiveness/api/v1/snapshot"):
        answer = pages.app.ask(path)
        assert "Set-Cookie" not in answer.headers
        assert "Cookie" not in answer.headers.get("Vary", "")


# --- the seed's classes ---------------------------------------------------------------------------


# R-RES-1, R-RES-3, R-HLTH-1
def test_classes_of_the_seed_tell_what_the_api_tells(pages: Running) -> None:
    for _ in range(10):
        pages.app.ask("/")
    face = eventually(
        lambda: f if (f := pages.app.ask("/face").json)["resources"] is not None else None
    )
    assert face["resources"].keys() == {
        "timestamp",
        "memory_usage_percent",
        "memory_usage_mb",
        "cpu_usage_percent",
        "disk_usage_percent",
        "connection_pool_utilization",
        "active_threads",
        "request_queue_size",
    }
    assert face["resources"]["memory_usage_mb"] > 30
    assert face["performance"].keys() == {
        "timestamp",
        "avg_response_time",
        "slow_request_count",
        "error_rate",
        "throughput_rps",
        "database_query_time",
        "cache_hit_rate",
    }
    assert face["unavailable"] is None
    assert face["thresholds"]["memory_warning_threshold"] == 0.8
    assert face["health"]["overall_status"] in ("healthy", "warning", "critical")
    assert {"memory", "cpu", "workers"} <= face["health"]["components"].keys()
    assert face["responsiveness"]["responsive"] is True
    assert len(face["responsiveness"]["workers"]) == 2
    assert isinstance(face["recommendations"], list)
    assert face["cleanup"]["needed"] is False
    assert "warning at 80 %" in face["cleanup"]["reason"]
    assert face["probes"]["ready"]["status"] == "pass"


# R-RES-3, R-ERR-1: the same classes where nobody watches
def test_classes_of_the_seed_without_a_supervisor(box: Sandbox) -> None:
    code = """
import flask, json, stirbar
app = flask.Flask("alone")
face = stirbar.Stirbar(app, supervisor=False)
optimizer = stirbar.SystemOptimizer()
health = optimizer.get_health_status()
metrics = optimizer.get_performance_metrics()
assert metrics["resources"] is None and metrics["unavailable"], metrics
assert optimizer.get_recommendations()
assert optimizer.check_responsiveness()["responsive"] is None
assert optimizer.trigger_cleanup_if_needed()["ran"] is False
assert health.overall_status == "warning" and health.recommendations
assert stirbar.HealthChecker().readiness()["status"] == "warn"
assert app.test_client().get("/admin/health").get_json()["status"] == "warn"
assert app.test_client().get("/admin/responsiveness/api/v1/snapshot").status_code == 503
assert app.test_client().get("/admin/responsiveness/api/v1/history").status_code == 200
assert app.test_client().get("/admin/responsiveness").status_code == 200
print("all well")
"""
    run = subprocess.run(
        [PYTHON, "-c", code], env=box.environment, capture_output=True, text=True, check=False
    )
    assert run.stdout == "all well\n", run.stderr


# --- configuration --------------------------------------------------------------------------------


# R-CONF-1
def test_config_fields_are_the_native_table() -> None:
    import dataclasses

    import stirbar
    from stirbar.engine import native

    assert native is not None
    fields = {
        field.name: field.default for field in dataclasses.fields(stirbar.ResponsivenessConfig)
    }
    table = {row["name"]: row for row in native.setting_specs()}
    assert list(fields) == list(table)
    for name, default in fields.items():
        assert native.parse_setting(name, str(default)) == float(table[name]["default"]), name
        kinds = {"switch": bool, "mode": str}
        assert isinstance(default, kinds.get(table[name]["type"], (int, float))), name
    assert list(fields)[:6] == [
        "memory_warning_threshold",
        "memory_critical_threshold",
        "cpu_warning_threshold",
        "cpu_critical_threshold",
        "monitoring_interval",
        "cleanup_enabled",
    ]


BAD_VALUES = [
    ("memory_warning_threshold", "1.5", "a ratio from 0.05 to 1"),
    ("monitoring_interval", "0", "1 to 3600 seconds"),
    ("accept_queue_warning_threshold", "-1", "a whole number from 1 to"),
    ("slow_request_threshold", "nan", "0.01 to 3600 seconds"),
    ("admission", "3", "off, observe or on"),
]


# R-CONF-1
@pytest.mark.parametrize(("field", "value", "allowed"), BAD_VALUES)
def test_bad_values_name_field_value_and_range(field: str, value: str, allowed: str) -> None:
    import flask
    import stirbar

    number = float(value)
    with pytest.raises(ValueError, match=field) as refused:
        stirbar.ResponsivenessConfig(**{field: number})  # type: ignore[arg-type]
    assert allowed in str(refused.value)
    for given in (value, number):
        app = flask.Flask("refused")
        app.config[f"STIRBAR_{field.upper()}"] = given
        with pytest.raises(ValueError, match=field) as refused:
            stirbar.Stirbar(app, supervisor=False)
        assert allowed in str(refused.value)
        assert value.rstrip("0").rstrip(".") in str(refused.value) or value in str(refused.value)
    app = flask.Flask("refused")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(f"STIRBAR_{field.upper()}", value)
        with pytest.raises(ValueError, match=field) as refused:
            stirbar.Stirbar(app, supervisor=False)
        assert allowed in str(refused.value)


# R-CONF-1: what no single field can be wrong about
def test_thresholds_out_of_order_are_refused(box: Sandbox) -> None:
    import flask
    import stirbar

    with pytest.raises(ValueError, match="memory_warning_threshold.*memory_critical_threshold"):
        stirbar.ResponsivenessConfig(memory_warning_threshold=0.95)
    app = flask.Flask("refused")
    app.config["STIRBAR_MEMORY_WARNING_THRESHOLD"] = 0.95
    with pytest.raises(ValueError, match="memory_warning_threshold.*memory_critical_threshold"):
        stirbar.Stirbar(app, supervisor=False)
    run = box.cli(
        *("run", "--listen", "127.0.0.1:0", "--", "true"),
        environment={"STIRBAR_MEMORY_WARNING_THRESHOLD": "0.95"},
    )
    assert run.returncode == 2
    assert "memory_critical_threshold" in run.stderr


@pytest.mark.parametrize("value", ["many", object(), [], None])
def test_values_that_are_no_numbers_are_refused(value: object) -> None:
    import flask
    import stirbar

    app = flask.Flask("refused")
    app.config["STIRBAR_MONITORING_INTERVAL"] = value
    with pytest.raises(ValueError, match="monitoring_interval"):
        stirbar.Stirbar(app, supervisor=False)


# R-CONF-1
def test_settings_reach_the_supervisor_with_their_origin(box: Sandbox) -> None:
    served = box.extension(
        "-w",
        "1",
        environment={
            "STIRBAR_SLOW_REQUEST_THRESHOLD": "0.25",
            "TEST_CONFIG": "STIRBAR_SLOW_REQUEST_THRESHOLD=9,STIRBAR_HANG_LIMIT=33",
        },
    ).ready(workers=1)

    def settings() -> dict[str, tuple[float, str]]:
        rows = served.api.snapshot()["settings"]
        return {row["name"]: (row["value"], row["origin"]) for row in rows}

    eventually(lambda: settings()["hang_limit"] == (33, "application"))
    assert settings()["slow_request_threshold"] == (0.25, "environment")  # the stronger one
    assert settings()["memory_warning_threshold"] == (0.8, "default")
    assert served.app.ask("/face").json["thresholds"]["hang_limit"] == 33


# --- without the native part ----------------------------------------------------------------------


# R-ERR-1
def test_native_part_that_cannot_be_loaded_costs_one_warning(box: Sandbox) -> None:
    broken = box.folder / "broken"
    broken.mkdir()
    # A module of this name that raises, as a wrong platform's or a broken install's would.
    (broken / "sitecustomize.py").write_text(
        "import sys\n"
        "class Broken:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name == 'stirbar._stirbar':\n"
        "            raise ImportError('libc.so.6: version not found (simulated)')\n"
        "sys.meta_path.insert(0, Broken())\n"
    )
    served = box.extension(environment={"PYTHONPATH": str(broken)})
    eventually(lambda: served.app.answers("/"))
    assert served.app.ask("/").text == "ok"
    assert served.app.ask("/visits").status == 200
    assert served.app.ask("/admin/responsiveness").status == 200
    health = served.app.ask("/admin/health")
    assert "simulated" in health.json["output"]
    figures = served.app.ask("/admin/responsiveness/api/v1/snapshot")
    assert figures.status == 503
    assert "simulated" in figures.json["error"]
    face = served.app.ask("/face").json
    assert "simulated" in face["unavailable"]
    said = "requests are served unmonitored"
    eventually(lambda: served.log.count(said) >= 2, what="the second worker is up")
    assert box.files() == []
    assert served.stop() == 0
    assert served.log.count(said) == 2  # one in each worker
    assert "Traceback" not in served.log


# R-ERR-1, and the same under `stirbar run`
def test_native_part_that_cannot_be_loaded_under_run(box: Sandbox) -> None:
    broken = box.folder / "broken"
    broken.mkdir()
    (broken / "sitecustomize.py").write_text(
        "import sys\nsys.modules['stirbar._stirbar'] = None\nprint('the hidden one ran')\n"
    )
    served = box.gunicorn(environment={"PYTHONPATH": str(broken)})
    eventually(lambda: served.app.answers("/"))
    eventually(lambda: served.api.ask("/api/v1/snapshot").status == 200)
    assert served.api.workers() == []
    assert "the hidden one ran" in served.log
    assert "requests are served unmonitored" in served.log
    assert served.stop() == 0


# R-CONF-2, R-ERR-1
def test_switched_off_by_the_environment(box: Sandbox) -> None:
    served = box.extension(environment={"STIRBAR_DISABLED": "1"})
    eventually(lambda: served.app.answers("/"))
    assert "switched off by STIRBAR_DISABLED" in served.app.ask("/admin/health").json["output"]
    assert supervisors(box) == []
    assert box.files() == []
    run = box.gunicorn(environment={"STIRBAR_DISABLED": "1"})
    eventually(lambda: run.app.answers("/"))
    eventually(lambda: run.api.ask("/api/v1/snapshot").status == 200)
    assert run.api.totals()["requests"] == 0


# R-ERR-1: an app in an environment of its own, without stirbar in it
def test_app_whose_environment_lacks_stirbar(box: Sandbox) -> None:
    packages = box.folder / "packages"
    packages.mkdir()
    source = subprocess.run(
        [PYTHON, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()
    for name in os.listdir(source):
        if not name.startswith(("stirbar", "__editable__", "_stirbar")):
            (packages / name).symlink_to(os.path.join(source, name))
    # -S: no site-packages, so also no sitecustomize; it is run by hand, as `site` would.
    script = (
        "import sys, runpy; sys.path.append(sys.argv[1]); import sitecustomize\n"
        "import flask; app = flask.Flask('other'); app.get('/')(lambda: 'ok')\n"
        "app.run(port=int(sys.argv[2]))\n"
    )
    from harness import free_port

    port = free_port()
    command = [PYTHON, "-S", "-c", script, str(packages), str(port)]
    served = box.serve(command, port, cwd=APPS).ready(workers=1)
    assert served.api.workers()[0]["server"] == "werkzeug"


def test_package_names_and_version() -> None:
    import stirbar

    for name in stirbar.__all__:
        assert getattr(stirbar, name).__doc__
    run = subprocess.run(
        [PYTHON, "-m", "pip", "show", "stirbar"],
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=True,
    )
    assert f"Version: {stirbar.__version__}" in run.stdout
    assert json.loads(json.dumps(stirbar.__all__)) == sorted(stirbar.__all__)
