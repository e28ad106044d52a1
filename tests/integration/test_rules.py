"""Rules on real apps: each fires under a real cause and resolves; one's own rules; replay; health.

Durations of minutes are shortened in stirbar.toml; the durations themselves are unit-tested.
"""

from __future__ import annotations

import itertools
import json
import signal
import time
from collections.abc import Iterator

import pytest
from harness import ROOT, Json, Running, Sandbox, eventually, kill
from memory_cgroup import MemoryCgroup, memory_cgroup
from test_http import check_against

RULES = """
[[rules]]
name = "cpu"
warning = {enter = 0.06, leave = 0.03, for = "1s"}
critical = {enter = 0.08, leave = 0.04, for = "4s", leave_for = "2s"}
advice = "The test burns {value} of the CPUs."

[[rules]]
name = "disk"
enabled = false

[[rules]]
name = "busy"
expr = "max(in_flight, 0)"
component = "shop"
warning = {enter = 2, leave = 1}
summary = "{value} in flight with {workers} workers, {threshold} are too many"
advice = "Run more than {workers} workers."

[[rules]]
name = "old_request"
scope = "worker"
expr = "worker_oldest_request_seconds"
component = "shop"
critical = {enter = 0.3, leave_for = "1s"}

[[rules]]
name = "steady"
expr = "min_over(workers, 2s)"
warning = 2

[health.groups]
shop = ["shop", "database"]
strict = {members = ["shop", "live"], fails_at = "warning"}
"""


@pytest.fixture(scope="module")
def configured(shared_box: Sandbox) -> Running:
    """Two workers of eight threads, under the rules above."""
    path = shared_box.folder / "stirbar.toml"
    path.write_text(RULES)
    return shared_box.gunicorn(
        "-k",
        "gthread",
        "--threads",
        "8",
        environment={"STIRBAR_CONFIG": str(path), "STIRBAR_SLOW_REQUEST_THRESHOLD": "0.1"},
    ).ready(workers=2)


def alerts(served: Running, rule: str) -> list[Json]:
    rows: list[Json] = served.api.snapshot()["health"]["alerts"]
    return [row for row in rows if row["rule"] == rule]


def fires(served: Running, rule: str, severity: str = "warning", seconds: float = 30) -> Json:
    """The alert of `rule`, once it fires with this severity."""
    return eventually(
        lambda: next((a for a in alerts(served, rule) if a["severity"] == severity), None),
        seconds,
        f"{rule} fires as {severity}",
    )


def resolves(served: Running, rule: str, seconds: float = 40) -> None:
    eventually(lambda: not alerts(served, rule), seconds, f"{rule} resolves")


def rule_row(served: Running, name: str) -> Json:
    answer = served.api.ask("/api/v1/rules")
    assert answer.status == 200
    found: Json = next(row for row in answer.json["rules"] if row["name"] == name)
    return found


# --- the seed's rules under their causes ----------------------------------------------------------


# R-RES-2: CPU >= critical for its duration is a critical alert with a recommended action
def test_cpu_burnt_is_a_warning_then_critical(configured: Running) -> None:
    spins = [configured.app.ask_in_background("/spin/14", timeout=60) for _ in range(2)]
    warning = eventually(lambda: alerts(configured, "cpu"), 20, "cpu fires")[0]
    assert warning["value"] >= 0.06
    critical = fires(configured, "cpu", "critical", 20)
    assert critical["threshold"] == 0.08
    assert critical["since"] == warning["since"]
    advice = configured.api.snapshot()["health"]["recommendations"]
    assert any(row["rule"] == "cpu" and "The test burns" in row["text"] for row in advice)
    for spin in spins:
        assert spin.result(60).status == 200
    resolves(configured, "cpu")


# R-RES-2
def test_errors_fire_and_resolve(configured: Running) -> None:
    for _ in range(40):
        configured.app.ask("/status/500")
    alert = fires(configured, "error_rate", "critical")
    assert "answered with 5xx" in alert["message"]
    row = rule_row(configured, "error_rate")
    assert row["state"] == "firing" and row["value"] >= 0.25
    advice = next(
        r
        for r in configured.api.ask("/api/v1/recommendations").json["recommendations"]
        if r["rule"] == "error_rate"
    )
    assert "GET /status/<int:code>" in advice["text"]
    assert "would fail instead of" in advice["effect"]
    assert advice["page"] == "/routes" and advice["gain_ratio"] > 0.5
    resolves(configured, "error_rate", 90)  # the minute is over


def test_slow_requests_fire_and_resolve(configured: Running) -> None:
    waves = [configured.app.ask_in_background("/sleep/0.2") for _ in range(8) for _ in range(4)]
    for wave in waves:
        assert wave.result().status == 200
    alert = fires(configured, "slow_requests")
    assert alert["component"] == "requests" and alert["value"] >= 0.05
    advice = next(
        r
        for r in configured.api.ask("/api/v1/recommendations").json["recommendations"]
        if r["rule"] == "slow_requests"
    )
    assert advice["command"].startswith("stirbar config set slow_request_threshold 0.")
    assert "of the last minute would have been slow" in advice["effect"]
    resolves(configured, "slow_requests", 90)


def test_a_full_pool_fires_and_resolves(box: Sandbox) -> None:
    served = box.gunicorn(
        "-w",
        "1",
        "-k",
        "gthread",
        "--threads",
        "6",
        app="pool_app:app",
        environment={"POOL_SIZE": "2"},
    ).ready(workers=1)
    holds = [served.app.ask_in_background("/hold/6") for _ in range(2)]
    alert = fires(served, "pool_utilization")
    assert alert["value"] >= 0.9
    dependencies = served.api.snapshot()["health"]["dependencies"]
    assert [d["kind"] for d in dependencies] == ["pool"]
    health = served.api.ask("/api/v1/health").json
    database = next(c for c in health["components"] if c["name"] == "database")
    assert database["status"] == "warning" and database["rules"] == ["pool_utilization"]
    assert database["depends_on"][0]["status"] == "healthy"
    for hold in holds:
        assert hold.result().status == 200
    resolves(served, "pool_utilization")


CACHE_RULE = """
[[rules]]
name = "cache_hit_rate"
warning = {enter = 0.5, leave = 0.6, for = "2s", leave_for = "1s"}
"""


# R-RES-2: look-ups that miss, then look-ups that hit
def test_a_cache_that_misses_fires_and_resolves(box: Sandbox) -> None:
    path = box.folder / "stirbar.toml"
    path.write_text(CACHE_RULE)
    served = box.gunicorn(
        "-w", "1", app="memory_app:app", environment={"STIRBAR_CONFIG": str(path)}
    ).ready(workers=1)
    assert rule_row(served, "cache_hit_rate")["state"] == "inactive"  # nobody has asked it yet

    looked_up = itertools.count()
    for _ in range(40):
        served.app.ask(f"/square/{next(looked_up)}")
    alert = fires(served, "cache_hit_rate")
    assert alert["component"] == "requests" and alert["value"] == 0
    assert alert["message"].startswith("0 % of the last minute's look-ups")
    assert served.api.snapshot()["performance"]["cache_hit_rate"] == 0
    advice = next(
        row
        for row in served.api.ask("/api/v1/recommendations").json["recommendations"]
        if row["rule"] == "cache_hit_rate"
    )
    assert "square" in advice["text"]

    for _ in range(120):
        served.app.ask("/square/0")
    resolves(served, "cache_hit_rate")
    assert served.api.snapshot()["performance"]["cache_hit_rate"] > 0.6


@pytest.fixture
def limited() -> Iterator[MemoryCgroup]:
    with memory_cgroup(256 << 20) as group:
        yield group


# R-RES-2
def test_memory_eaten_fires_and_resolves_when_the_worker_goes(
    limited: MemoryCgroup, box: Sandbox
) -> None:
    served = box.gunicorn(
        "-w", "1", preexec_fn=limited.enter, environment={"STIRBAR_MEMORY_WARNING_THRESHOLD": "0.7"}
    ).ready(workers=1)
    (worker,) = served.api.worker_pids()

    def used() -> float:
        percent = served.api.snapshot()["resources"]["memory_usage_percent"]
        assert percent is not None
        return float(percent) / 100

    served.app.ask(f"/allocate/{int((0.76 - used()) * 256)}")
    alert = fires(served, "memory")
    assert alert["value"] >= 0.7 and "cgroup limit" in alert["message"]
    advice = served.api.ask("/api/v1/recommendations").json["recommendations"][0]
    assert advice["rule"] == "memory" and advice["command"] == f"kill -TERM {worker}"
    kill(worker, signal.SIGKILL)
    fires(served, "worker_deaths")
    resolves(served, "memory")


# --- hysteresis -----------------------------------------------------------------------------------


def test_a_signal_that_hovers_makes_one_alert(configured: Running) -> None:
    """Requests in flight jump between 0 and 3 across the whole band, for 12 s."""
    eventually(lambda: not alerts(configured, "busy"), 20)
    since = set()
    until = time.monotonic() + 12
    missing = 0
    while time.monotonic() < until:
        wave = [configured.app.ask_in_background("/sleep/0.6") for _ in range(3)]
        for one in wave:
            one.result()
        rows = alerts(configured, "busy")
        since |= {row["since"] for row in rows}
        missing += bool(since) and not rows
    assert len(since) == 1, since
    assert missing == 0
    resolves(configured, "busy")


# --- one's own rules ------------------------------------------------------------------------------


def test_own_rules_judge_app_and_workers(configured: Running) -> None:
    sleeps = [configured.app.ask_in_background("/sleep/3") for _ in range(3)]
    alert = fires(configured, "busy")
    assert alert["message"] == "3 in flight with 2 workers, 2 are too many"
    assert alert["component"] == "shop"
    of_worker = fires(configured, "old_request", "critical")
    assert of_worker["slot"] in (0, 1) and of_worker["message"].startswith("worker ")
    snapshot = configured.api.snapshot()
    assert snapshot["health"]["components"]["shop"] == "critical"
    texts = [row["text"] for row in snapshot["health"]["recommendations"]]
    assert "Run more than 2 workers." in texts

    group = configured.api.ask("/health/group/shop")
    assert group.status == 503
    assert group.headers["Content-Type"] == "application/health+json"
    assert "shop: " in group.json["output"]
    assert configured.api.ask("/health/live").status == 200  # rules never touch liveness
    for sleep in sleeps:
        sleep.result()
    resolves(configured, "busy")
    resolves(configured, "old_request")
    eventually(lambda: configured.api.ask("/health/group/strict").json["status"] == "pass")
    assert configured.api.ask("/health/group/shop").status == 200
    assert configured.api.ask("/health/group/other").status == 404


def test_every_rule_is_listed_as_it_stands(configured: Running) -> None:
    answer = configured.api.ask("/api/v1/rules")
    rows = {row["name"]: row for row in answer.json["rules"]}
    for row in rows.values():
        check_against("Rule", row)
    assert rows["memory"]["expression"] == "memory_ratio"
    assert rows["memory"]["warning"]["setting"] == "memory_warning_threshold"
    assert rows["memory"]["origin"] == "built_in"
    assert rows["cpu"]["origin"] == "changed" and rows["cpu"]["critical"]["for_seconds"] == 4
    assert rows["disk"]["enabled"] is False and rows["disk"]["value"] is None
    assert rows["busy"]["origin"] == "own" and rows["busy"]["warning"]["leave"] == 1
    assert rows["cache_hit_rate"]["state"] == "inactive"  # the app has no cache
    eventually(lambda: rule_row(configured, "steady")["state"] == "firing")
    assert rule_row(configured, "steady")["value"] == 2


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[[rules]]\nname = "a"\nexpr = "cpu_ratio +"\nwarning = 1\n', ":3:8: rules: expr: column"),
        ('[[rules]]\nname = "memory"\nwarning = {enter = "x"}\n', "enter takes a number"),
        ("[health.groups]\na = []\n", "it takes a list of components"),
        ("[rulez]\n", "'rulez' is not known"),
    ],
)
def test_a_wrong_file_is_refused_at_the_start(box: Sandbox, text: str, said: str) -> None:
    path = box.folder / "wrong.toml"
    path.write_text(text)
    refused = box.cli("run", "--config", str(path), "--", "true")
    assert refused.returncode == 2
    assert str(path) in refused.stderr and said in refused.stderr, refused.stderr


# --- health ---------------------------------------------------------------------------------------


# R-HLTH-1
def test_health_by_component_and_worker(configured: Running) -> None:
    answer = configured.api.ask("/api/v1/health")
    health = answer.json
    assert health["overall_status"] in ("healthy", "warning", "critical")
    names = {component["name"] for component in health["components"]}
    assert {"cpu", "disk", "memory", "queue", "requests", "workers"} <= names
    for component in health["components"]:
        assert {cell["slot"] for cell in component["workers"]} == {0, 1}
        assert component["last_check"]
    memory = next(c for c in health["components"] if c["name"] == "memory")
    assert all(cell["value"] > 1e6 and cell["unit"] == "bytes" for cell in memory["workers"])
    assert {group["name"] for group in health["groups"]} == {"shop", "strict"}
    checks = configured.api.ask("/health/ready").json["checks"]
    assert checks["memory:utilization"][0]["observedUnit"] == "percent"
    assert len(checks["workers:answering"]) == 2


# R-HLTH-2
def test_health_tells_of_a_stopped_worker_and_stays_alive(box: Sandbox) -> None:
    served = box.gunicorn().ready(workers=2)
    pid = min(served.api.worker_pids())
    kill(pid, signal.SIGSTOP)

    def stopped() -> Json:
        health = served.api.ask("/api/v1/health").json
        workers = next(c for c in health["components"] if c["name"] == "workers")
        cell: Json = next(c for c in workers["workers"] if c["pid"] == pid)
        assert cell["status"] == "critical" and "stopped" in cell["reason"]
        return cell

    eventually(stopped, 20)
    assert served.api.ask("/health/live").json["status"] == "pass"
    advice = served.api.ask("/api/v1/recommendations").json["recommendations"]
    assert any(row["command"] == f"kill -CONT {pid}" for row in advice)
    kill(pid, signal.SIGCONT)
    resolves(served, "worker_stopped")


# --- replay ---------------------------------------------------------------------------------------

FIGURES = str(ROOT / "tests" / "data" / "figures.csv")


def test_replay_shows_what_would_have_fired(box: Sandbox) -> None:
    printed = box.cli("replay", "--csv", FIGURES, "--json")
    assert printed.returncode == 0, printed.stderr
    report = json.loads(printed.stdout)
    assert report["points"] == 1200 and report["gaps"] == 0
    found = [(f["rule"], f["severity"]) for f in report["findings"]]
    # Memory hovers at 80 % for a minute after it was well above: that makes no second one.
    assert found == [("memory", "warning"), ("cpu", "warning"), ("cpu", "critical")]
    memory, _, cpu = report["findings"]
    assert 0.85 < memory["worst"] < 0.87 and 120 <= memory["until"] - memory["fired"] <= 190
    assert 299 <= cpu["fired"] - cpu["since"] <= 301
    unreplayable = {r["name"]: r["unreplayable"] for r in report["rules"]}
    assert unreplayable["memory"] is None
    assert "not in the figures" in unreplayable["error_rate"]

    text = box.cli("replay", "--csv", FIGURES)
    assert text.returncode == 0 and "memory 86 % used" in text.stdout
    assert "not replayed: lock_wait" in text.stdout


def test_replay_of_changed_rules_and_of_a_part(box: Sandbox) -> None:
    rules = box.folder / "rules.toml"
    rules.write_text('[[rules]]\nname = "memory"\nwarning = 0.9\ncritical = 0.95\n')
    part = ["--from", "1764417600", "--until", "2025-11-29T12:09:00Z"]
    printed = box.cli("replay", "--csv", FIGURES, "--rules", str(rules), *part, "--json")
    report = json.loads(printed.stdout)
    assert report["findings"] == [] and report["points"] == 541
    wrong = box.cli("replay", "--csv", FIGURES, "--from", "yesterday")
    assert wrong.returncode == 2 and "'yesterday' is no time" in wrong.stderr
    missing = box.cli("replay", "--csv", str(box.folder / "none.csv"))
    assert missing.returncode == 2 and "No such file" in missing.stderr
