"""Alerts from the cause to the receiver: sinks of each kind, silences, and a sink that is down."""

from __future__ import annotations

import base64
import email
import email.policy
import hashlib
import hmac
import json
import os
import pwd
import random
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from harness import ROOT, Json, Running, Sandbox, eventually, kill
from receivers import HttpReceiver, MailReceiver, Received, closed_port
from stirbar import NotificationSystemMonitor, observed
from test_http import check_against

SECRET = "a secret that both sides know"
# Told at once; a stopped worker is over 5 s after it goes on.
QUICK = {
    "STIRBAR_ALERT_GROUP_WAIT": "0",
    "STIRBAR_ALERT_GROUP_INTERVAL": "1",
    "STIRBAR_ALERT_FLAP_CHANGES": "100",
}


def configure(box: Sandbox, text: str) -> list[str]:
    """The options of `stirbar run` for a stirbar.toml with this text."""
    path = box.folder / "stirbar.toml"
    path.write_text(text)
    return ["--config", str(path)]


def write_secret(box: Sandbox, text: str = SECRET) -> None:
    path = box.folder / "secret"
    path.write_text(text + "\n")
    path.chmod(0o600)


def serve(box: Sandbox, text: str, **environment: str) -> Running:
    options = configure(box, text)
    return box.gunicorn(run_options=options, environment={**QUICK, **environment}).ready(workers=2)


def alerts(running: Running) -> Json:
    answer = running.api.ask("/api/v1/alerts")
    assert answer.status == 200, answer.text
    found: Json = answer.json
    return found


def change(box: Sandbox, running: Running, path: str, body: Json) -> Any:
    """A change by the operator; (status, answer)."""
    token = (box.folder / "state" / "token").read_text().strip()
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {token}"}
    answer = running.api.ask(path, "POST", json.dumps(body), headers)
    return answer.status, answer.json


def sink(running: Running, name: str = "webhook") -> Json:
    rows: list[Json] = alerts(running)["alerting"]["sinks"]
    return next(row for row in rows if row["name"] == name)


def firing(running: Running, rule: str) -> list[Json]:
    return [row for row in alerts(running)["firing"] if row["rule"] == rule]


def news(requests: list[Received], rule: str) -> list[Json]:
    """What a receiver was told about `rule`, in order."""
    rows = [row for request in requests for row in request.json["alerts"]]
    return [row for row in rows if row["rule"] == rule]


def stop_worker(running: Running) -> int:
    """Brings worker_stopped about; returns the pid."""
    pid = min(running.api.worker_pids())
    kill(pid, signal.SIGSTOP)
    eventually(lambda: firing(running, "worker_stopped"), what="worker_stopped fires")
    return pid


@pytest.fixture
def receiver() -> Iterator[HttpReceiver]:
    with HttpReceiver() as made:
        yield made


# --- one alert from its cause to its end ----------------------------------------------------------


# R-ALRT-1
def test_a_stopped_worker_is_told_and_its_end_too(box: Sandbox, receiver: HttpReceiver) -> None:
    write_secret(box)
    running = serve(
        box,
        f'[[sinks]]\nkind = "webhook"\nurl = "{receiver.url}/hook?key=hidden"\n'
        'secret_file = "secret"\n',
    )
    pid = stop_worker(running)
    told = eventually(lambda: news(receiver.taken, "worker_stopped"), what="told")
    assert (told[0]["event"], told[0]["severity"]) == ("firing", "critical")
    assert str(pid) in told[0]["message"]
    request = receiver.taken[0]
    assert request.path == "/hook?key=hidden"
    body = request.json
    assert (body["version"], body["group"], body["status"]) == (1, "workers", "firing")
    assert body["url"].endswith("/alerts")

    # HMAC over "time.body", by an implementation that is not ours.
    stamp = request.headers["stirbar-timestamp"]
    assert abs(time.time() - int(stamp)) < 60
    mac = hmac.new(SECRET.encode(), f"{stamp}.".encode() + request.body, hashlib.sha256)
    assert request.headers["stirbar-signature"] == f"sha256={mac.hexdigest()}"

    row = firing(running, "worker_stopped")[0]
    check_against("Alerts", alerts(running))
    eventually(
        lambda: [
            way
            for way in firing(running, "worker_stopped")[0]["deliveries"]
            if way["outcome"] == "delivered"
        ]
    )
    kill(pid, signal.SIGCONT)
    told = eventually(
        lambda: [n for n in news(receiver.taken, "worker_stopped") if n["event"] == "resolved"]
    )
    assert told[0]["id"] == row["id"]
    assert told[0]["resolved"] > told[0]["fired"]
    check_against("Alerts", alerts(running))
    over = alerts(running)["resolved"]
    assert over[0]["id"] == row["id"]

    # What is secret in an address is nowhere.
    shown = sink(running)
    assert shown["target"] == receiver.url
    assert "hidden" not in running.api.ask("/api/v1/alerts").text
    assert "hidden" not in running.api.ask("/api/v1/snapshot").text
    assert "hidden" not in running.log
    none = 'stirbar_alerts{state="firing",severity="critical"} 0'
    eventually(lambda: none in running.api.ask("/metrics").text, what="the figures of a second on")
    assert 'stirbar_alert_deliveries_total{sink="webhook"}' in running.api.ask("/metrics").text


# R-HLTH-1, R-ALRT-1: the seed's NotificationSystemMonitor
def test_sinks_are_dependencies_that_fail_no_probe(box: Sandbox, receiver: HttpReceiver) -> None:
    with HttpReceiver(status=503) as pager:
        running = serve(
            box,
            f'[[sinks]]\nkind = "webhook"\nname = "ops"\nurl = "{receiver.url}"\n'
            f'[[sinks]]\nkind = "webhook"\nname = "pager"\nurl = "{pager.url}"\n'
            "retry_max_seconds = 1\n",
            STIRBAR_SINK_FAILURE_LIMIT="1",
        )

        def component() -> Json:
            rows: list[Json] = running.api.ask("/api/v1/health").json["components"]
            return next(row for row in rows if row["name"] == "alerts")

        def dependency(name: str) -> Json:
            row: Json = next(row for row in component()["depends_on"] if row["name"] == name)
            check_against("Dependency", row)
            return row

        def checked(path: str = "/health/ready") -> dict[str, Json]:
            answer = running.api.ask(path)
            assert answer.status == 200, answer.text
            check_against("HealthAnswer", answer.json)
            return {row["componentId"]: row for row in answer.json["checks"]["alerts:sink"]}

        eventually(lambda: component()["status"] == "healthy")
        for name in ("ops", "pager"):
            unused = dependency(name)
            assert (unused["kind"], unused["status"], unused["reason"]) == ("sink", "healthy", "")
            assert unused["detail"] == "has taken no message yet, none wait"

        assert box.cli("alerts", "test").returncode == 0
        failing = eventually(
            lambda: row if (row := dependency("pager"))["status"] == "warning" else None,
            what="one sink fails",
        )
        assert "has taken nothing for" in failing["reason"] and "503" in failing["reason"]
        assert failing["detail"] == "has taken no message yet, 1 waits"
        eventually(lambda: "took the last message" in dependency("ops")["detail"])
        assert dependency("ops")["status"] == "healthy"

        # The rule about sinks says so of the whole component; no probe fails for it.
        eventually(lambda: component()["status"] == "warning", what="alert_sinks fires")
        for path in ("/health/live", "/health/ready", "/health/startup"):
            rows = checked(path)
            assert (rows["ops"]["status"], rows["ops"]["observedValue"]) == ("pass", "ok")
            assert (rows["pager"]["status"], rows["pager"]["observedValue"]) == ("warn", "failing")
            assert running.api.ask(path).json["status"] == "pass"
        listed = running.api.snapshot()["health"]["dependencies"]
        assert [row["name"] for row in listed if row["kind"] == "sink"] == ["pager", "ops"]

        pager.status = 200
        eventually(lambda: dependency("pager")["status"] == "healthy", what="it is back")
        eventually(lambda: checked()["pager"]["observedValue"] == "ok")
        assert dependency("pager")["detail"].endswith(" ago, none wait")
        eventually(lambda: component()["status"] == "healthy", 60, "alert_sinks resolves")


# R-ALRT-1
def test_silences_and_acknowledgements(box: Sandbox, receiver: HttpReceiver) -> None:
    running = serve(box, f'[[sinks]]\nkind = "webhook"\nurl = "{receiver.url}"\n')
    # A reader changes nothing.
    body = json.dumps({"matchers": ["rule=worker_stopped"], "seconds": 600})
    refused = running.api.ask(
        "/api/v1/alerts/silences", "POST", body, {"Content-Type": "application/json"}
    )
    assert refused.status == 401
    done = box.cli(
        *("alerts", "silence", "rule=worker_*", "component=workers"),
        *("--for", "10m", "--comment", "maintenance"),
    )
    assert done.returncode == 0, done.stderr
    silence = alerts(running)["silences"][0]
    assert silence["matchers"] == ["rule=worker_*", "component=workers"]
    assert (silence["state"], silence["comment"]) == ("active", "maintenance")
    user = pwd.getpwuid(os.getuid()).pw_name
    assert silence["author"].startswith(f"operator (cli, user {user}) from")

    stop_worker(running)
    row = firing(running, "worker_stopped")[0]
    assert row["silenced_by"] == silence["id"]
    assert "silenced" in box.cli("alerts").stdout
    status, answer = change(box, running, "/api/v1/alerts/test", {"sink": "webhook"})
    assert (status, answer) == (200, {"sinks": ["webhook"]})
    # The test came after what is silenced, and overtook nothing.
    eventually(lambda: news(receiver.taken, "test"), what="the test arrived")
    assert news(receiver.taken, "worker_stopped") == []

    done = box.cli("alerts", "ack", row["id"], "--comment", "on it")
    assert done.returncode == 0, done.stderr
    assert firing(running, "worker_stopped")[0]["acknowledged"]["comment"] == "on it"

    done = box.cli("alerts", "unsilence", silence["id"])
    assert done.returncode == 0, done.stderr
    eventually(lambda: news(receiver.taken, "worker_stopped"), what="told when the silence ended")

    for path, wrong, why in (
        (
            "silences",
            {"matchers": ["severity=x"], "seconds": 60},
            "takes rule, component or worker",
        ),
        ("silences", {"matchers": ["rule=x"], "seconds": 2592001}, "30 days"),
        ("silences", {"matchers": [], "seconds": 60}, "1 to 10"),
        ("silences", {"expire": "s-none"}, "is not there"),
        ("silences", {"matcher": "rule=x"}, "'matcher' is not known"),
        ("acknowledge", {"id": "nothing"}, "no alert 'nothing' fires"),
        ("acknowledge", {}, "id is missing"),
        ("test", {"sink": "pager"}, "there are: webhook"),
    ):
        status, answer = change(box, running, f"/api/v1/alerts/{path}", wrong)
        assert status in (400, 404), (wrong, answer)
        assert why in answer["error"], (wrong, answer)


# --- kinds of sinks -------------------------------------------------------------------------------


# R-ALRT-1
def test_every_kind_of_sink(box: Sandbox, receiver: HttpReceiver) -> None:
    write_secret(box)
    script = box.folder / "receive.sh"
    script.write_text(f'#!/bin/sh\ncat > "{box.folder}/command.json"\nenv > "{box.folder}/env"\n')
    script.chmod(0o700)
    with MailReceiver() as mail:
        running = serve(
            box,
            f"""
[[sinks]]
kind = "log"
[[sinks]]
name = "slack"
kind = "webhook"
format = "slack"
url = "{receiver.url}/slack"
[[sinks]]
name = "discord"
kind = "webhook"
format = "discord"
url = "{receiver.url}/discord"
[[sinks]]
kind = "email"
server = "127.0.0.1:{mail.port}"
tls = "none"
user = "stirbar"
password_file = "secret"
from = "Stirbar <stirbar@shop.example>"
to = ["ops@shop.example", "boss@shop.example"]
[[sinks]]
kind = "alertmanager"
url = "{receiver.url}"
token_file = "secret"
[[sinks]]
kind = "command"
command = ["{script}"]
""",
        )
        done = box.cli("alerts", "test")
        assert done.returncode == 0, done.stderr
        eventually(
            lambda: all(row["delivered"] == 1 for row in alerts(running)["alerting"]["sinks"]),
            what=f"all have the test: {alerts(running)['alerting']}",
        )

        line = next(text for text in running.log.splitlines() if text.startswith('{"stirbar_alert'))
        logged = json.loads(line)["stirbar_alert"]
        assert (logged["status"], logged["app"]) == ("test", "apps")
        user = pwd.getpwuid(os.getuid()).pw_name
        text = f"this is a test, asked for by the operator (cli, user {user}) from 127.0.0.1"
        by_path = {request.path: request for request in receiver.requests}
        slack = by_path["/slack"].json
        assert text in slack["text"] and slack["attachments"][0]["text"] == text
        discord = by_path["/discord"].json
        assert discord["allowed_mentions"] == {"parse": []}
        assert "this is a test" in discord["embeds"][0]["description"]
        manager = by_path["/api/v2/alerts"]
        assert manager.headers["authorization"] == f"Bearer {SECRET}"
        assert manager.json[0]["labels"]["alertname"] == "test"
        assert manager.json[0]["startsAt"] < manager.json[0]["endsAt"]

        received = mail.mails[0]
        assert received.sender == "stirbar@shop.example"
        assert received.recipients == ["ops@shop.example", "boss@shop.example"]
        assert base64.b64decode(received.login) == f"\0stirbar\0{SECRET}".encode()
        message = email.message_from_string(received.text, policy=email.policy.default)
        assert message["Subject"].startswith("[test] apps: ")
        content = message.get_body()
        assert content is not None and text in content.get_content()
        keys = {logged["key"], by_path["/slack"].key, by_path["/discord"].key}
        assert len(keys) == 1
        assert message["Message-ID"] == f"<{keys.pop()}@shop.example>"

        command = json.loads((box.folder / "command.json").read_text())
        assert command["alerts"][0]["message"] == text
        environment = (box.folder / "env").read_text()
        assert "STIRBAR_ALERT_STATUS=test" in environment
        assert "SECRET_KEY" not in environment

        # Alertmanager is told again of what fires; and of its end.
        pid = stop_worker(running)
        rows = eventually(
            lambda: [
                row
                for request in receiver.requests
                if request.path == "/api/v2/alerts"
                for row in request.json
                if row["labels"]["alertname"] == "worker_stopped"
            ]
        )
        assert rows[0]["labels"] | {"worker": ""} == {
            "alertname": "worker_stopped",
            "app": "apps",
            "component": "workers",
            "severity": "critical",
            "worker": "",
        }
        kill(pid, signal.SIGCONT)


def test_alertmanager_and_webhook_by_environment(box: Sandbox, receiver: HttpReceiver) -> None:
    write_secret(box)
    running = serve(
        box,
        "",
        STIRBAR_WEBHOOK_URL=f"{receiver.url}/hook",
        STIRBAR_WEBHOOK_SECRET_FILE=str(box.folder / "secret"),
        STIRBAR_ALERTMANAGER_URL=f"{receiver.url}/",
    )
    assert box.cli("alerts", "test", "alertmanager").returncode == 0
    eventually(lambda: [r for r in receiver.requests if r.path == "/api/v2/alerts"])
    assert box.cli("alerts", "test", "webhook").returncode == 0
    eventually(lambda: [r for r in receiver.requests if r.path == "/hook"])
    assert {row["name"] for row in alerts(running)["alerting"]["sinks"]} == {
        "webhook",
        "alertmanager",
    }


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ('[[sinks]]\nkind = "pager"\n', "stirbar.toml:2:8: sinks: 'kind' 'pager' is not allowed"),
        ('[[sinks]]\nkind = "webhook"\n', "'url' or 'url_file' is needed"),
        (
            '[[sinks]]\nkind = "log"\ncolour = 1\n',
            "stirbar.toml:3:10: sinks: 'colour' is not known",
        ),
    ],
)
def test_a_wrong_configuration_is_refused_with_its_place(box: Sandbox, text: str, why: str) -> None:
    done = box.cli("run", *configure(box, text), "--", "true")
    assert done.returncode == 2
    assert why in done.stderr


# --- a sink that is down --------------------------------------------------------------------------


# R-ALRT-1
def test_a_failing_sink_is_a_finding_that_others_hear_of(
    box: Sandbox, receiver: HttpReceiver
) -> None:
    running = serve(
        box,
        f"""
[[sinks]]
name = "down"
kind = "webhook"
url = "http://127.0.0.1:{closed_port()}/T0KEN"
retry_max_seconds = 1
[[sinks]]
name = "webhook"
kind = "webhook"
url = "{receiver.url}"
""",
        STIRBAR_SINK_FAILURE_LIMIT="2",
    )
    assert box.cli("alerts", "test").returncode == 0
    told = eventually(lambda: news(receiver.taken, "alert_sinks"), what="the other sink is told")
    assert "sink down (webhook, http://127.0.0.1:" in told[0]["message"]
    assert "T0KEN" not in told[0]["message"]
    snapshot = running.api.snapshot()
    assert snapshot["health"]["components"]["alerts"] == "warning"
    assert sink(running, "down")["last_error"]
    assert sink(running, "webhook")["failing_seconds"] == 0
    assert "fails for" in box.cli("alerts").stdout


# R-ALRT-1: "a webhook sink down for 10 minutes and a supervisor killed meanwhile: afterwards every
# alert has arrived exactly once, in order", here in seconds.
def test_a_sink_that_is_down_gets_everything_later_once_and_in_order(
    box: Sandbox, receiver: HttpReceiver
) -> None:
    running = serve(
        box, f'[[sinks]]\nkind = "webhook"\nurl = "{receiver.url}"\nretry_max_seconds = 1\n'
    )
    chance = random.Random(5)
    pid = stop_worker(running)
    eventually(lambda: news(receiver.taken, "worker_stopped"), what="told while all is well")

    # Three ways to be down: no connection, an error, and an error for a part of the time.
    receiver.stop()
    sent = 0
    for turn in range(6):
        sent += send_tests(box, running, 3)
        if turn == 1:
            kill(pid, signal.SIGCONT)
        if turn == 2:
            receiver.status = 503
            receiver.start()
        time.sleep(chance.uniform(0, 1.5))
        kill_supervisor(running)
    receiver.status = 200
    for _ in range(3):
        # Killed while it delivers, too.
        time.sleep(chance.uniform(0, 0.5))
        kill_supervisor(running)
    eventually(lambda: len(news(receiver.taken, "test")) >= sent, 60, "all tests have arrived")
    eventually(
        lambda: [n for n in news(receiver.taken, "worker_stopped") if n["event"] == "resolved"],
        60,
        "the end of the alert",
    )
    eventually(lambda: sink(running)["waiting"] == 0)

    tests = [row["id"] for row in news(receiver.taken, "test")]
    assert len(tests) == len(set(tests)) == sent
    assert tests == sorted(tests)
    events = [row["event"] for row in news(receiver.taken, "worker_stopped")]
    assert events == ["firing", "resolved"]
    times = [request.json["time"] for request in receiver.taken]
    assert times == sorted(times)


def send_tests(box: Sandbox, running: Running, count: int) -> int:
    """Sends tests, and waits until they wait on disk; returns how many."""

    def known() -> int:
        row = sink(running)
        return int(row["waiting"] + row["delivered"])

    for _ in range(count):
        before = known()
        status, answer = change(box, running, "/api/v1/alerts/test", {})
        assert status == 200, answer
        eventually(lambda before=before: known() > before, what="it waits")  # type: ignore[misc]
    return count


def kill_supervisor(running: Running) -> None:
    """Kills it, and waits for the next one."""
    before = running.supervisor_pid
    kill(before)
    eventually(lambda: running.supervisor_pid != before, what="the next supervisor")
    eventually(lambda: alerts(running), what="it answers")


# R-ALRT-1
def test_alerts_silences_and_acknowledgements_survive_a_killed_supervisor(
    box: Sandbox, receiver: HttpReceiver
) -> None:
    running = serve(box, f'[[sinks]]\nkind = "webhook"\nurl = "{receiver.url}"\n')
    stop_worker(running)
    eventually(lambda: news(receiver.taken, "worker_stopped"))
    row = firing(running, "worker_stopped")[0]
    change(box, running, "/api/v1/alerts/acknowledge", {"id": row["id"], "comment": "on it"})
    change(box, running, "/api/v1/alerts/silences", {"matchers": ["rule=disk"], "seconds": 60})
    eventually(lambda: "rule=disk" in journal(box).read_text(), what="it is on disk")
    kill_supervisor(running)
    after = alerts(running)
    found = next(each for each in after["firing"] if each["rule"] == "worker_stopped")
    assert (found["id"], found["fired"]) == (row["id"], row["fired"])
    assert found["acknowledged"]["comment"] == "on it"
    assert after["silences"][0]["matchers"] == ["rule=disk"]
    assert journal(box).stat().st_mode & 0o777 == 0o600
    assert len(news(receiver.taken, "worker_stopped")) == 1


def journal(box: Sandbox) -> Path:
    found = list(box.folder.rglob("alerts-*.journal"))
    assert len(found) == 1, found
    return found[0]


# --- Python ---------------------------------------------------------------------------------------


def test_notification_system_monitor(monkeypatch: pytest.MonkeyPatch) -> None:
    snapshot = json.loads((ROOT / "tests" / "data" / "snapshot.json").read_text())
    monkeypatch.setattr(observed, "snapshot", lambda: snapshot)
    status = NotificationSystemMonitor().get_status()
    assert (status["status"], status["waiting"], status["firing"]) == ("warning", 1, 1)
    assert status["sinks"][0].status == "failing"
    assert status["sinks"][0].last_success is not None
    snapshot["alerting"]["sinks"][0] |= {"failing_seconds": 0, "last_error": ""}
    assert NotificationSystemMonitor().get_status()["status"] == "healthy"
    monkeypatch.undo()
    assert NotificationSystemMonitor().get_status()["status"] == "unknown"
