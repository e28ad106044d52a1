"""The commands: what they print, their exit statuses, and what they say of mistakes."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import pty
import pwd
import re
import select
import signal
import struct
import subprocess
import termios
import time

import pytest
from harness import PATIENCE, STIRBAR, Running, Sandbox, eventually, is_running, kill

COMMANDS = ["run", "attach", "status", "top", "health", "requests", "shed", "version"]


def test_status_for_people_and_for_programs(shared: Running, shared_box: Sandbox) -> None:
    shared.app.ask("/item/3")
    shared.api.wait_for_requests(2)
    text = shared_box.cli("status")
    assert text.returncode == 0
    assert "GET /item/<int:item_id>" in text.stdout
    assert "gunicorn" in text.stdout
    head = text.stdout.splitlines()[0]
    assert "saturation" in head and "sheds nobody" in head and "queue p95" in head
    for worker in shared.api.workers():
        assert str(worker["pid"]) in text.stdout
    assert "\x1b" not in text.stdout  # no colours where nobody sees them
    printed = json.loads(shared_box.cli("status", "--json").stdout)
    assert printed.keys() == shared.api.snapshot().keys()
    assert printed["app"]["url"] == f"http://127.0.0.1:{shared.api.port}/"


def test_one_of_several_is_chosen_by_name_or_segment(box: Sandbox) -> None:
    one = box.gunicorn("-w", "1", run_options=["--name", "one"]).ready(workers=1)
    box.gunicorn("-w", "1", run_options=["--name", "two"]).ready(workers=1)
    unclear = box.cli("status")
    assert unclear.returncode == 2
    assert "--name one" in unclear.stderr and "--name two" in unclear.stderr
    named = box.cli("status", "--name", "one", "--json")
    assert json.loads(named.stdout)["supervisor"]["pid"] == one.supervisor_pid
    (segment,) = box.runtime.glob("one-*.segment")
    by_file = box.cli("health", "--segment", str(segment))
    assert by_file.returncode in (0, 1)
    unknown = box.cli("status", "--name", "three")
    assert unknown.returncode == 2
    assert "no app is named 'three'" in unknown.stderr


# R-HLTH-1, R-HLTH-2
def test_health_says_it_by_its_exit_status(box: Sandbox) -> None:
    served = box.gunicorn().ready(workers=2)
    eventually(lambda: box.cli("health").returncode == 0, what="healthy")
    assert box.cli("health").stdout.startswith("healthy")
    for probe in ("live", "ready", "startup"):
        assert box.cli("health", "--probe", probe).returncode == 0
    answer = json.loads(box.cli("health", "--probe", "ready", "--json").stdout)
    assert answer == {"status": "pass", "probe": "ready", "reason": ""}

    one, two = sorted(served.api.worker_pids())
    kill(one, signal.SIGSTOP)
    eventually(lambda: box.cli("health", "--probe", "ready").returncode == 1, what="warn")
    kill(two, signal.SIGSTOP)
    eventually(lambda: box.cli("health", "--probe", "ready").returncode == 2, what="fail")
    eventually(lambda: box.cli("health").returncode == 2, what="critical")
    assert "stopped" in box.cli("health").stdout
    critical = json.loads(box.cli("health", "--json").stdout)
    assert critical["status"] == "critical"
    assert critical["reason"]
    kill(one, signal.SIGCONT)
    kill(two, signal.SIGCONT)
    eventually(lambda: box.cli("health", "--probe", "ready").returncode == 0)
    kill(served.supervisor_pid, signal.SIGSTOP)
    stopped = served.supervisor_pid
    eventually(lambda: "has been silent" in box.cli("health").stderr)
    assert box.cli("health").returncode == 2
    kill(stopped, signal.SIGCONT)


# R-HLTH-2
def test_nobody_watches(box: Sandbox) -> None:
    for command in ("status", "health", "top", "requests", "shed"):
        for words in ([command, "--json"], [command]):
            answer = box.cli(*words)
            assert answer.returncode == 2, words
    assert "no app is watched" in box.cli("health").stderr
    unknown = json.loads(box.cli("health", "--json").stdout)
    assert unknown["status"] == "unknown"
    assert "no app is watched" in unknown["error"]
    assert box.cli("attach", "--listen", "127.0.0.1:0").returncode == 2


# --- requests and shed ----------------------------------------------------------------------------


# R-REQ-3
def test_requests_in_flight_say_what_they_do(shared: Running, shared_box: Sandbox) -> None:
    waiting = shared.app.ask_in_background("/sleep/3")
    eventually(
        lambda: "GET /sleep/" in shared_box.cli("requests").stdout, what="the request is shown"
    )
    text = shared_box.cli("requests").stdout
    assert "DOING" in text and "QUEUE" in text and "CLIENT" in text
    assert "handling since" in text
    printed = json.loads(shared_box.cli("requests", "--json").stdout)
    assert printed.keys() == {"time", "in_flight"}
    (request,) = [row for row in printed["in_flight"] if "/sleep/" in row["route"]]
    assert re.fullmatch(r"\d+:\d+:\d+", request["id"])
    assert waiting.result().status == 200
    eventually(lambda: "No request is in flight" in shared_box.cli("requests").stdout)
    slow = shared_box.cli("requests", "--slow")
    assert slow.returncode == 0 and slow.stdout
    assert json.loads(shared_box.cli("requests", "--slow", "--json").stdout).keys() == {
        "time",
        "slow_requests",
    }


# R-REQ-5
def test_shed_level_is_shown_and_ordered(box: Sandbox) -> None:
    served = box.gunicorn().ready(workers=2)
    shown = box.cli("shed")
    assert shown.returncode == 0
    assert shown.stdout.startswith("refused: nobody (level 0, by measurement")
    assert json.loads(box.cli("shed", "--json").stdout)["setting"] == "auto"

    def setting() -> tuple[float, str]:
        (row,) = [s for s in served.api.snapshot()["settings"] if s["name"] == "shed_level"]
        return row["value"], row["origin"]

    assert setting() == (-1, "default")
    who = f"{pwd.getpwuid(os.getuid()).pw_name} (uid {os.getuid()})"
    before = "auto"
    for word, value, name in (
        ("on", 2, "sheddable"),
        ("background", 1, "background"),
        ("normal", 3, "normal"),
        ("off", 0, "off"),
        ("auto", -1, "auto"),
    ):
        ordered = box.cli("shed", word)
        assert ordered.returncode == 0
        assert ordered.stderr == ""
        said = f"shed level set to {name} by {who}; before: {before}"
        assert ordered.stdout.strip() == said
        eventually(lambda value=value: setting() == (value, "runtime"), what=f"{value} holds")
        eventually(
            lambda said=said: said in [e["text"] for e in served.api.events("shed_level_changed")],
            what="the event",
        )
        before = name
    answer = json.loads(box.cli("shed", "sheddable", "--json").stdout)
    assert answer == {"setting": "sheddable", "before": "auto", "by": who, "caveat": ""}


def test_an_order_to_shed_says_why_it_has_no_effect(box: Sandbox) -> None:
    served = box.gunicorn(environment={"STIRBAR_OBSERVE_ONLY": "1"}).ready(workers=2)
    assert "only counted" in box.cli("shed", "on").stderr
    supervisor = served.supervisor_pid
    kill(served.pid)
    kill(supervisor)
    (segment,) = box.runtime.glob("*.segment")
    eventually(
        lambda: "no supervisor watches" in box.cli("shed", "off", "--segment", str(segment)).stderr
    )


def test_version(box: Sandbox) -> None:
    import stirbar

    assert box.cli("version").stdout.startswith(f"stirbar {stirbar.__version__}")
    answer = json.loads(box.cli("version", "--json").stdout)
    assert answer["version"] == stirbar.__version__
    assert answer["layout_version"] >= 1


@pytest.mark.parametrize("command", COMMANDS)
def test_help(box: Sandbox, command: str) -> None:
    answer = box.cli(command, "--help")
    assert answer.returncode == 0
    assert "--help" in answer.stdout
    assert command in box.cli("--help").stdout


@pytest.mark.parametrize(
    ("words", "named"),
    [
        ([], "subcommand"),
        (["fly"], "fly"),
        (["status", "--colour"], "--colour"),
        (["run"], "command"),
        (["run", "--"], "command"),
        (["run", "--listen", "nowhere", "--", "true"], "nowhere"),
        (["run", "--listen", "127.0.0.1:65536", "--", "true"], "65536"),
        (["run", "--listen", "127.0.0.1:-1", "--", "true"], "-1"),
        (["run", "--listen", "app.example:80", "--", "true"], "numeric host"),
        (["run", "--listen", "203.0.113.9:8800", "--", "true"], "203.0.113.9:8800"),
        (["health", "--probe", "lively"], "lively"),
        (["shed", "most"], "'most' is not allowed; it takes on, off, auto, background, sheddable"),
        (["shed", "2"], "'2' is not allowed"),
        (["shed", "on", "off"], "off"),
        (["requests", "--fast"], "--fast"),
        (["status", "--segment", "/nowhere/x.segment"], "/nowhere/x.segment"),
        (["attach", "--segment", "/nowhere/x.segment"], "/nowhere/x.segment"),
    ],
)
def test_mistakes_are_named(box: Sandbox, words: list[str], named: str) -> None:
    answer = box.cli(*words)
    assert answer.returncode == 2
    assert named in answer.stderr, answer.stderr
    assert answer.stdout == ""
    assert box.files() == []


@pytest.mark.parametrize(
    ("name", "value", "allowed"),
    [
        ("STIRBAR_MEMORY_WARNING_THRESHOLD", "80", "a ratio from 0.05 to 1"),
        ("STIRBAR_CLEANUP_ENABLED", "maybe", "true or false"),
        ("STIRBAR_MONITORING_INTERVAL", "soon", "1 to 3600 seconds"),
        ("STIRBAR_LISTEN", "here", "HOST:PORT"),
    ],
)
def test_wrong_environment_is_refused(box: Sandbox, name: str, value: str, allowed: str) -> None:
    answer = box.cli("run", "--", "true", environment={name: value})
    assert answer.returncode == 2
    assert f"'{value}'" in answer.stderr
    assert allowed in answer.stderr
    assert box.files() == []


def test_port_that_is_taken_is_named(shared: Running, shared_box: Sandbox) -> None:
    answer = shared_box.cli("run", "--listen", f"127.0.0.1:{shared.api.port}", "--", "true")
    assert answer.returncode == 2
    assert f"127.0.0.1:{shared.api.port}" in answer.stderr


# --- attach ---------------------------------------------------------------------------------------


def test_attach_takes_over_where_no_supervisor_is(box: Sandbox) -> None:
    served = box.gunicorn().ready(workers=2)
    master, supervisor = served.server_pid, served.supervisor_pid
    refused = box.cli("attach", "--listen", "127.0.0.1:0")
    assert refused.returncode == 2
    assert "another supervisor already watches" in refused.stderr
    before = served.api.totals()["requests"]
    kill(served.pid)
    kill(supervisor)
    served.wait()
    eventually(lambda: not is_running(supervisor))
    for _ in range(20):
        assert served.app.ask("/").status == 200
    attached = box.start([STIRBAR, "attach", "--listen", f"127.0.0.1:{served.api.port}"])
    served.api.wait_for_workers(2)
    assert served.api.wait_for_requests(before + 20)["requests"] == before + 20
    # It ends when told, the app does not; the totals outlive it.
    assert attached.stop(signal.SIGINT) == 0
    assert served.app.ask("/").status == 200
    again = box.start([STIRBAR, "attach", "--listen", f"127.0.0.1:{served.api.port}"])
    assert served.api.wait_for_requests(before + 21)["requests"] == before + 21
    kill(master, signal.SIGTERM)
    eventually(lambda: served.api.totals()["workers_exited"] == 2)
    assert again.stop() == 0


def test_attach_to_an_app_that_starts_no_supervisor(box: Sandbox) -> None:
    served = box.extension(environment={"TEST_NO_SUPERVISOR": "1"})
    eventually(lambda: served.app.answers("/"), what="the app answers")
    for _ in range(4):
        assert served.app.ask("/").status == 200
    assert not served.api.answers("/health/live")
    port = served.api.port
    attached = box.start([STIRBAR, "attach", "--listen", f"127.0.0.1:{port}"])
    served.api.wait_for_workers(2)
    assert served.api.totals()["requests"] >= 5
    assert attached.stop(signal.SIGINT) == 0
    assert served.app.ask("/").status == 200


# --- top ------------------------------------------------------------------------------------------


def test_top_json_is_one_snapshot_a_line(shared: Running, shared_box: Sandbox) -> None:
    assert shared.api.snapshot()
    top = subprocess.Popen(
        [STIRBAR, "top", "--json"],
        env=shared_box.environment,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert top.stdout is not None
        lines = [json.loads(top.stdout.readline()) for _ in range(2)]
        assert lines[0]["time"] < lines[1]["time"]
    finally:
        top.terminate()
        assert top.wait(PATIENCE) == 0


class Terminal:
    """`stirbar top` on a terminal of 30 lines and 120 columns."""

    def __init__(self, box: Sandbox) -> None:
        self.main, terminal = pty.openpty()
        fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 30, 120, 0, 0))
        self.terminal = terminal
        self.before = termios.tcgetattr(terminal)
        self.popen = subprocess.Popen(
            [STIRBAR, "top"],
            env={**box.environment, "TERM": "xterm-256color"},
            stdin=terminal,
            stdout=terminal,
            stderr=terminal,
            start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
        )
        self.shown = b""

    def read(self, seconds: float = 0.2) -> str:
        while select.select([self.main], [], [], seconds)[0]:
            try:
                part = os.read(self.main, 65536)
            except OSError:
                break
            if not part:
                break
            self.shown += part
            seconds = 0.05
        return self.shown.decode(errors="replace")

    def close(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            self.popen.kill()
        self.popen.wait()
        os.close(self.main)
        os.close(self.terminal)


@pytest.mark.parametrize("ended_by", [b"q", b"\x03", "SIGTERM"])
def test_top_on_a_terminal(shared: Running, shared_box: Sandbox, ended_by: bytes | str) -> None:
    shared.app.ask("/item/9")
    screen = Terminal(shared_box)
    try:
        eventually(lambda: "GET /item/<int:item_id>" in screen.read(), what="the routes")
        shown = re.sub(r"\x1b\[[?0-9;]*[A-Za-z]", "", screen.read())
        assert "SLOT" in shown and "q quits" in shown
        drawn = screen.read().count("q quits")
        eventually(lambda: screen.read().count("q quits") > drawn, 10, "it is drawn again")
        if isinstance(ended_by, str):
            screen.popen.send_signal(signal.SIGTERM)
        else:
            os.write(screen.main, ended_by)
        began = time.monotonic()
        eventually(lambda: screen.read(0.01) and screen.popen.poll() is not None, 10, "it ends")
        assert time.monotonic() - began < 5
        assert screen.popen.returncode == 0
        # The terminal is as it was: cursor shown, main screen, line mode with echo.
        assert "\x1b[?25h" in screen.read() and "\x1b[?1049l" in screen.read()
        assert termios.tcgetattr(screen.terminal)[3] == screen.before[3]
    finally:
        screen.close()


def test_top_without_a_terminal_says_what_to_use(shared: Running, shared_box: Sandbox) -> None:
    assert shared.api.snapshot()
    answer = shared_box.cli("top")
    assert answer.returncode == 2
    assert "top --json" in answer.stderr
