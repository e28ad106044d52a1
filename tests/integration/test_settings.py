"""Settings: where they come from, how they change while the app runs, and how they are refused."""

from __future__ import annotations

import json
import os
import pwd
import stat
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from harness import APPS, PATIENCE, PYTHON, Answer, Running, Sandbox, eventually, kill
from test_http import check_against, check_documented

NAME = "memory_warning_threshold"
ADDRESS = "/api/v1/settings"
USER = pwd.getpwuid(os.getuid()).pw_name


def token(box: Sandbox) -> dict[str, str]:
    text = (box.folder / "state" / "token").read_text().strip()
    return {"Authorization": f"Bearer {text}"}


def post(box: Sandbox, running: Running, body: dict[str, Any], **headers: str) -> Answer:
    """As a program asks for a change."""
    kind = {"Content-Type": "application/json"}
    return running.api.ask(ADDRESS, "POST", json.dumps(body), {**kind, **token(box), **headers})


def row(running: Running, name: str = NAME) -> dict[str, Any]:
    rows = running.api.ask(ADDRESS).json["settings"]
    return next(one for one in rows if one["name"] == name)


def held(running: Running, name: str = NAME) -> dict[int, float]:
    """Of some workers, by pid."""
    answers = (running.app.ask(f"/setting/{name}").json for _ in range(12))
    return {one["pid"]: one["value"] for one in answers}


@pytest.fixture(scope="module")
def four(shared_box: Sandbox) -> Running:
    """Four workers, which the tests leave without a change at run time."""
    return shared_box.gunicorn("-w", "4", app="settings_app:app").ready(workers=4)


@pytest.fixture(autouse=True)
def as_found(request: pytest.FixtureRequest) -> Iterator[None]:
    yield
    if "four" in request.fixturenames:
        box, running = request.getfixturevalue("shared_box"), request.getfixturevalue("four")
        rows = running.api.ask(ADDRESS).json["settings"]
        changed = [one["name"] for one in rows if one["layers"]["runtime"] is not None]
        assert post(box, running, {"reset": changed}).status in (200, 400)


# --- at run time ----------------------------------------------------------------------------------


def test_a_change_holds_in_all_workers_within_a_second(shared_box: Sandbox, four: Running) -> None:
    pids = four.api.worker_pids()
    assert len(pids) == 4
    answer = post(shared_box, four, {"set": {NAME: 0.61}})
    began = time.monotonic()
    assert answer.status == 200, answer.text
    check_documented(ADDRESS, answer, "post")
    old_until, new = 0.0, set()
    while time.monotonic() - began < PATIENCE and new != pids:
        asked = time.monotonic() - began
        one = four.app.ask(f"/setting/{NAME}").json
        if one["value"] == 0.61:
            new.add(one["pid"])
        else:
            old_until = asked
    assert new == pids, "every worker obeys"
    assert old_until < 1.0, f"a worker still had the old value after {old_until:.2f} s"
    eventually(
        lambda: {s["name"]: s for s in four.api.snapshot()["settings"]}[NAME]["value"] == 0.61
    )


def test_the_api_is_as_documented(shared_box: Sandbox, four: Running) -> None:
    assert post(shared_box, four, {"set": {NAME: "0.7", "admission": "observe"}}).status == 200
    answer = four.api.ask(ADDRESS)
    check_documented(ADDRESS, answer)
    check_against("Settings", answer.json)
    refused = post(shared_box, four, {"set": {NAME: 1.5}})
    check_documented(ADDRESS, refused, "post")
    check_against("SettingRefusal", refused.json)
    assert refused.json["field"] == NAME and refused.json["allowed"] == "a ratio from 0.05 to 1"
    tried = post(shared_box, four, {"reset": [NAME], "dry_run": True}).json
    assert [one["text"] for one in tried["changes"]] == [f"{NAME}: 0.7 (runtime) -> 0.8 (default)"]
    assert row(four)["value"] == 0.7


def test_all_or_nothing(shared_box: Sandbox, four: Running) -> None:
    before = four.api.ask(ADDRESS).json["changes"]
    refused = post(shared_box, four, {"set": {"hang_limit": 20, NAME: 7}})
    assert refused.status == 400
    assert row(four, "hang_limit")["value"] == 60
    assert four.api.ask(ADDRESS).json["changes"] == before


def test_a_change_and_a_refusal_are_logged_with_who(shared_box: Sandbox, four: Running) -> None:
    post(shared_box, four, {"set": {"hang_limit": 21}})
    post(shared_box, four, {"set": {"hang_limit": -1}})
    who = ", by operator from 127.0.0.1"
    assert f"setting hang_limit: 60 (default) -> 21 (runtime){who}" in four.log
    sentence = "hang_limit: '-1' is not allowed; it takes 1 to 86400 seconds"
    assert f"a change was refused: {sentence}{who}" in four.log


def test_the_command_line_changes_explains_and_takes_back(
    shared_box: Sandbox, four: Running
) -> None:
    cli = shared_box.cli
    done = cli("config", "set", f"{NAME}=0.66", "admission=observe")
    assert done.returncode == 0, done.stderr
    assert f"{NAME}: 0.8 (default) -> 0.66 (runtime)" in done.stdout
    assert cli("config", "get", NAME).stdout == "0.66\n"
    assert json.loads(cli("config", "get", NAME, "--json").stdout)["origin"] == "runtime"
    assert cli("config", "get", "admission").stdout == "observe\n"
    lines = cli("config", "get").stdout.splitlines()
    assert any(line.split()[:3] == [NAME, "0.66", "runtime"] for line in lines), lines
    explained = cli("config", "explain", NAME).stdout
    assert "It takes a ratio from 0.05 to 1. A change takes effect at once." in explained
    assert [line.split() for line in explained.splitlines() if "holds" in line] == [
        ["runtime", "0.66", "holds"]
    ]
    assert ["default", "0.8", "overridden"] in [line.split() for line in explained.splitlines()]
    # Who changed it, as the command line says.
    assert f"by operator (cli, user {USER}) from 127.0.0.1" in explained
    history = json.loads(cli("config", "history", "--json").stdout)["changes"]
    number = next(one["number"] for one in history if one["name"] == NAME)
    assert f"{NAME}: 0.8 (default) -> 0.66 (runtime)" in cli("config", "history").stdout
    taken = cli("config", "revert", str(number))
    assert taken.returncode == 0, taken.stderr
    assert row(four)["origin"] == "default"
    assert cli("config", "reset", "admission").returncode == 0
    assert "nothing changes" in cli("config", "reset", "admission").stdout
    unknown = cli("config", "get", "memory_warnin_threshold")
    assert unknown.returncode == 2
    assert f"did you mean {NAME}?" in unknown.stderr
    missing = cli("config", "revert", "999999")
    assert missing.returncode == 2
    assert "revert: '999999' is not allowed" in missing.stderr


def test_stirbar_shed_is_a_change_like_others(shared_box: Sandbox, four: Running) -> None:
    assert shared_box.cli("shed", "sheddable").returncode == 0
    last = eventually(lambda: row(four, "shed_level")["last_change"])
    assert last["text"] == "shed_level: -1 (default) -> 2 (runtime)"
    assert post(shared_box, four, {"revert": last["number"]}).status == 200
    assert row(four, "shed_level")["value"] == -1


def test_it_outlives_the_supervisor_and_the_app(box: Sandbox) -> None:
    command = ("-w", "1")
    running = box.gunicorn(*command, app="settings_app:app").ready(workers=1)
    assert post(box, running, {"set": {NAME: 0.62}}).status == 200
    stored = box.folder / ".local" / "state" / "stirbar" / "settings-apps.json"
    assert stat.S_IMODE(stored.stat().st_mode) == 0o600
    first = running.supervisor_pid
    kill(first)
    eventually(lambda: running.supervisor_pid != first)
    eventually(lambda: row(running)["value"] == 0.62)
    assert running.stop() == 0
    again = box.gunicorn(
        *command, app="settings_app:app", environment={f"STIRBAR_{NAME.upper()}": "0.71"}
    ).ready(workers=1)
    one = row(again)
    assert (one["value"], one["origin"]) == (0.62, "runtime")
    assert one["layers"]["environment"] == 0.71
    assert set(held(again).values()) == {0.62}
    assert "by operator from 127.0.0.1" in box.cli("config", "explain", NAME).stdout
    assert box.cli("config", "reset", NAME).returncode == 0
    eventually(lambda: set(held(again).values()) == {0.71})


def test_what_cannot_be_stored_holds_and_says_so(box: Sandbox) -> None:
    running = box.gunicorn(
        "-w", "1", app="settings_app:app", environment={"XDG_STATE_HOME": "/proc"}
    )
    running.ready(workers=1)
    answer = post(box, running, {"set": {NAME: 0.63}})
    assert answer.status == 200
    assert "/proc/stirbar" in answer.json["not_stored"]
    eventually(lambda: set(held(running).values()) == {0.63})
    assert "the change holds until the supervisor ends" in running.log


# --- origins --------------------------------------------------------------------------------------


def test_each_origin_overrides_the_weaker_and_a_reset_falls_back(
    box: Sandbox, tmp_path: Path
) -> None:
    name = "slow_request_threshold"
    file = tmp_path / "own.toml"
    file.write_text(f"[settings]\n{name} = 3\nhang_limit = 33\n")
    running = box.gunicorn(
        *("-w", "1"),
        app="settings_app:app",
        run_options=("--config", str(file)),
        environment={"APP_SAYS": "2", "STIRBAR_HANG_LIMIT": "44"},
    ).ready(workers=1)
    eventually(lambda: row(running, name)["layers"]["application"] == 2)
    one = row(running, name)
    assert (one["value"], one["origin"], one["layers"]["file"]) == (3, "file", 3)
    other = row(running, "hang_limit")
    assert (other["value"], other["origin"], other["layers"]["file"]) == (44, "environment", 33)
    assert post(box, running, {"set": {name: 9}}).status == 200
    eventually(lambda: set(held(running, name).values()) == {9})
    assert post(box, running, {"reset": [name]}).status == 200
    eventually(lambda: set(held(running, name).values()) == {3})


def test_without_a_file_a_reset_falls_back_to_the_application(box: Sandbox) -> None:
    name = "slow_request_threshold"
    running = box.gunicorn("-w", "1", app="settings_app:app", environment={"APP_SAYS": "2"})
    running.ready(workers=1)
    eventually(lambda: row(running, name)["origin"] == "application")
    assert post(box, running, {"set": {name: 9}}).status == 200
    assert post(box, running, {"reset": [name]}).status == 200
    assert row(running, name)["origin"] == "application"
    eventually(lambda: set(held(running, name).values()) == {2})


def test_check_reads_file_and_environment_and_starts_nothing(box: Sandbox, tmp_path: Path) -> None:
    good = tmp_path / "good.toml"
    good.write_text("[settings]\nhang_limit = 33\n")
    checked = box.cli("config", "check", str(good), environment={"STIRBAR_HANG_LIMIT": "44"})
    assert checked.returncode == 0, checked.stderr
    assert f"{good}: settings: 1, all allowed" in checked.stdout
    assert "environment: settings: 1, all allowed" in checked.stdout
    raised = {"STIRBAR_CPU_WARNING_THRESHOLD": "0.95"}
    refused = box.cli("config", "check", str(good), environment=raised)
    assert refused.returncode == 2
    assert "it takes at most cpu_critical_threshold (0.9)" in refused.stderr
    good.write_text("[settings]\ncpu_critical_threshold = 0.97\n")
    assert box.cli("config", "check", str(good), environment=raised).returncode == 0
    assert box.files() == []


# --- refusals: one sentence everywhere ------------------------------------------------------------

SENTENCES = {
    "too high": (NAME, "1.5", f"{NAME}: '1.5' is not allowed; it takes a ratio from 0.05 to 1"),
    "no number": (NAME, "80%", f"{NAME}: '80%' is not allowed; it takes a ratio from 0.05 to 1"),
    "not whole": (
        "replacements_per_hour",
        "2.5",
        "replacements_per_hour: '2.5' is not allowed; it takes a whole number from 1 to 3600",
    ),
    "no mode": (
        "admission",
        "sometimes",
        "admission: 'sometimes' is not allowed; it takes off, observe or on",
    ),
    "no switch": (
        "cleanup_enabled",
        "perhaps",
        "cleanup_enabled: 'perhaps' is not allowed; it takes true or false",
    ),
    "above its critical": (
        "cpu_warning_threshold",
        "0.95",
        "cpu_warning_threshold: '0.95' is not allowed; it takes at most "
        "cpu_critical_threshold (0.9)",
    ),
}

Place = Callable[[Sandbox, Running, str, str], str]


def by_page(box: Sandbox, running: Running, name: str, text: str) -> str:
    """With a session and its proof, as the page sends it."""
    right = token(box)["Authorization"].split()[1]
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    login = running.api.ask("/login", "POST", f"token={right}", form)
    cookie = {"Cookie": login.headers["Set-Cookie"].split(";")[0]}
    csrf = running.api.ask("/api/v1/session", headers=cookie).json["csrf"]
    headers = {**cookie, "X-Stirbar-CSRF": csrf, "Content-Type": "application/json"}
    answer = running.api.ask(ADDRESS, "POST", json.dumps({"set": {name: text}}), headers)
    assert answer.status == 400
    return str(answer.json["error"])


def by_api(box: Sandbox, running: Running, name: str, text: str) -> str:
    try:
        value: Any = json.loads(text)
    except ValueError:
        value = text
    answer = post(box, running, {"set": {name: value}})
    assert answer.status == 400
    return str(answer.json["error"])


def by_command_line(box: Sandbox, running: Running, name: str, text: str) -> str:
    refused = box.cli("config", "set", f"{name}={text}")
    assert refused.returncode == 2
    return refused.stderr.removeprefix("stirbar: ").strip()


def by_environment(box: Sandbox, running: Running, name: str, text: str) -> str:
    variable = f"STIRBAR_{name.upper()}"
    refused = box.cli("run", "--", "true", environment={variable: text})
    assert refused.returncode == 2
    return refused.stderr.removeprefix("stirbar: ").removeprefix(f"{variable}: ").strip()


def by_file(box: Sandbox, running: Running, name: str, text: str) -> str:
    file = box.folder / "wrong.toml"
    bare = text.replace(".", "").isdigit()
    file.write_text(f"\n[settings]\n  {name} = {text if bare else json.dumps(text)}\n")
    refused = box.cli("run", "--config", str(file), "--", "true")
    assert refused.returncode == 2
    assert refused.stderr.startswith(f"stirbar: {file}:3:{len(name) + 6}: "), refused.stderr
    return refused.stderr.partition(f":3:{len(name) + 6}: ")[2].strip()


def by_python(code: str) -> Place:
    def refuse(box: Sandbox, running: Running, name: str, text: str) -> str:
        value = text if not text.replace(".", "").isdigit() else float(text)
        filled = code.format(name=name, key=f"STIRBAR_{name.upper()}", value=value)
        done = subprocess.run(
            [PYTHON, "-c", filled],
            env=box.environment,
            cwd=APPS,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    return refuse


CONFIG_OBJECT = """
import stirbar
try:
    stirbar.ResponsivenessConfig(**{{{name!r}: {value!r}}})
except ValueError as fault:
    print(fault)
"""
APP_CONFIG = """
import flask, stirbar
app = flask.Flask("x")
app.config[{key!r}] = {value!r}
try:
    stirbar.Stirbar(app, supervisor=False)
except ValueError as fault:
    print(fault)
"""
PLACES: dict[str, Place] = {
    "page": by_page,
    "API": by_api,
    "command line": by_command_line,
    "environment": by_environment,
    "file": by_file,
    "ResponsivenessConfig": by_python(CONFIG_OBJECT),
    "app.config": by_python(APP_CONFIG),
}


@pytest.mark.parametrize("case", SENTENCES)
@pytest.mark.parametrize("place", PLACES)
def test_the_same_refusal_everywhere(
    shared_box: Sandbox, four: Running, place: str, case: str
) -> None:
    name, text, sentence = SENTENCES[case]
    before = row(four, name)["value"]
    assert PLACES[place](shared_box, four, name, text) == sentence
    assert row(four, name)["value"] == before


def test_stirbar_in_the_app_reads_the_file_too(box: Sandbox, tmp_path: Path) -> None:
    file = tmp_path / "own.toml"
    file.write_text("[settings]\nhang_limit = 77\n")
    running = box.extension("-w", "1", environment={"STIRBAR_CONFIG": str(file)})
    running.ready(workers=1)
    eventually(lambda: row(running, "hang_limit")["origin"] == "file")
