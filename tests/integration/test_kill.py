"""Killed supervisors, workers and launchers; signals and exit statuses passed on."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import shutil
import signal
import struct
import subprocess
import sys
import termios
import time
from pathlib import Path

import pytest
from harness import (
    APPS,
    PYTHON,
    STIRBAR,
    Load,
    Running,
    Sandbox,
    children,
    comm,
    eventually,
    free_port,
    is_running,
    kill,
    process,
)

CREATED_AT_OFFSET = 40  # Header::created_monotonic_ns, src/segment/layout.h
SLEEP = "GET /sleep/<seconds>"


# R-ERR-1
def test_supervisor_killed_under_load_costs_no_request(box: Sandbox) -> None:
    served = box.gunicorn().ready(workers=2)
    api = served.api
    before = api.totals()["requests"]
    load = Load(box, served.app.port, clients=3)
    api.wait_for_requests(before + 100)
    for generation in (2, 3):
        old, first = served.supervisor_pid, api.snapshot()
        oldest = api.ask("/api/v1/history").json["series"]["time"][0]
        kill(old)
        began = time.monotonic()
        # The launcher holds the port: a client waits for the next one instead of being refused.
        assert api.ask("/health/live").status in (200, 503)
        new = eventually(api.snapshot, 10, "figures of the next supervisor")
        took = time.monotonic() - began
        assert took <= 2.0, f"the new supervisor took {took:.1f} s"
        assert new["supervisor"]["pid"] == served.supervisor_pid != old
        assert new["supervisor"]["generation"] == generation
        assert new["app"]["started"] == first["app"]["started"]
        assert new["totals"]["requests"] >= first["totals"]["requests"]
        assert new["totals"]["lost"] == 0
        assert {w["pid"] for w in new["workers"]} == {w["pid"] for w in first["workers"]}
        assert api.ask("/api/v1/history").json["series"]["time"][0] == oldest
        # Events from before are still there.
        assert len(api.events("worker_started")) == 2
        api.wait_for_requests(new["totals"]["requests"] + 100)
    seen = load.stop()
    assert (seen.failed, seen.wrong) == (0, 0)
    totals = api.wait_for_requests(before + seen.sent)
    assert totals["requests"] == before + seen.sent
    assert len(api.events("supervisor_started")) == 3
    assert "the app serves on" in served.log


# R-ERR-1, R-REQ-4
@pytest.mark.parametrize(("worker", "threads"), [("sync", 1), ("gthread", 3)])
def test_worker_killed_with_requests_in_flight(box: Sandbox, worker: str, threads: int) -> None:
    options = ("-k", worker, "--threads", str(threads), "-w", "1")
    served = box.gunicorn(*options).ready(workers=1)
    api = served.api
    served.app.ask("/item/1")
    before = api.wait_for_requests(2)["requests"]
    (victim,) = api.workers()
    answers = [served.app.ask_in_background("/sleep/100") for _ in range(threads)]
    rows = eventually(
        lambda: r if len(r := api.snapshot()["in_flight"]) == threads else None, what="in flight"
    )
    assert {row["pid"] for row in rows} == {victim["pid"]}
    assert api.totals()["requests"] == before  # not counted before they have ended
    age = min(row["age_seconds"] for row in rows)
    kill(victim["pid"])
    for answer in answers:
        with pytest.raises((OSError, Exception)):
            answer.result()

    totals = eventually(lambda: t if (t := api.totals())["lost"] else None, what="lost")
    assert totals["lost"] == threads
    assert totals["requests"] == before  # the slot is folded into the totals, once
    assert totals["workers_died"] == 1
    assert totals["workers_exited"] == 0
    lost = api.events("request_lost")
    assert [event["route"] for event in lost] == [SLEEP] * threads
    assert all(age <= event["value"] <= 30 for event in lost)
    assert all(event["pid"] == victim["pid"] for event in lost)
    (died,) = api.events("worker_died")
    assert died["value"] == threads

    (new,) = api.wait_for_workers(1)
    assert new["pid"] != victim["pid"]
    assert new["requests"] == 0
    eventually(lambda: api.snapshot()["in_flight"] == [])
    assert served.app.ask("/item/1").status == 200
    assert api.wait_for_requests(before + 1)["requests"] == before + 1
    assert api.routes()["GET /item/<int:item_id>"]["requests"] == 2


# R-ERR-1: supervisor and worker die together
def test_worker_that_dies_while_no_supervisor_looks_is_buried_once(served: Running) -> None:
    api = served.api
    victim = sorted(api.worker_pids())[0]
    before = api.totals()["requests"]
    answers = []
    for number in (1, 2):  # one in each worker
        answers.append(served.app.ask_in_background("/sleep/100"))
        eventually(lambda n=number: len(api.snapshot()["in_flight"]) == n)
    kill(served.supervisor_pid, signal.SIGSTOP)
    stopped = served.supervisor_pid
    kill(victim)
    eventually(lambda: not is_running(victim))
    kill(stopped, signal.SIGKILL)
    totals = eventually(lambda: t if (t := api.totals())["lost"] else None, what="lost")
    assert totals["lost"] == 1
    assert totals["requests"] == before
    kill(served.supervisor_pid)
    eventually(lambda: api.snapshot()["supervisor"]["generation"] == 3)
    assert api.totals()["lost"] == 1
    assert len(api.events("worker_died")) == 1
    with contextlib.suppress(Exception):
        answers[0].result(0)


# R-ERR-1
def test_launcher_killed_leaves_app_and_supervisor_serving(box: Sandbox) -> None:
    served = box.gunicorn().ready(workers=2)
    master, supervisor = served.server_pid, served.supervisor_pid
    kill(served.pid)
    served.wait()
    before = served.api.totals()["requests"]
    for _ in range(20):
        assert served.app.ask("/").status == 200
    served.api.wait_for_requests(before + 20)
    assert is_running(supervisor)
    assert box.cli("status").returncode == 0
    kill(master, signal.SIGTERM)
    eventually(lambda: not is_running(master))
    # Without launcher and workers it ends by itself, after ten seconds, and takes its files along.
    box.assert_nothing_left(25)


# R-ERR-1: what a killed launcher leaves behind is cleared away by the next one
def test_files_of_a_killed_app_are_removed_by_the_next(box: Sandbox) -> None:
    served = box.gunicorn().ready(workers=2)
    for one in box.processes():
        kill(one.pid)
    served.wait()
    eventually(lambda: not box.processes())
    left = box.files()
    assert left != []
    # One that is younger than a minute may belong to an app that is just starting: it stays.
    assert box.cli("run", "--listen", "127.0.0.1:0", "--", "true").returncode == 0
    assert box.files() == left
    with box.segment().open("r+b") as file:
        file.seek(CREATED_AT_OFFSET)
        (created_ns,) = struct.unpack("<Q", file.read(8))
        file.seek(CREATED_AT_OFFSET)
        file.write(struct.pack("<Q", created_ns - 61_000_000_000))
    assert box.cli("run", "--listen", "127.0.0.1:0", "--", "true").returncode == 0
    box.assert_nothing_left()


# --- signals and statuses -------------------------------------------------------------------------


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGQUIT])
def test_ending_signal_ends_everything(box: Sandbox, number: int) -> None:
    served = box.gunicorn().ready(workers=2)
    assert served.stop(number) == 0  # gunicorn's own status
    box.assert_nothing_left()
    assert "Traceback" not in served.log


def test_hangup_reloads_the_workers(served: Running) -> None:
    before, master, supervisor = (
        served.api.worker_pids(),
        served.server_pid,
        served.supervisor_pid,
    )
    requests = served.api.totals()["requests"]
    served.send(signal.SIGHUP)
    eventually(lambda: not before & served.api.worker_pids(), what="new workers")
    served.api.wait_for_workers(2)
    assert (served.server_pid, served.supervisor_pid) == (master, supervisor)
    totals = eventually(lambda: t if (t := served.api.totals())["workers_exited"] == 2 else None)
    assert totals["workers_died"] == 0
    assert totals["requests"] == requests  # those of the old workers are kept
    assert served.app.ask("/").status == 200


def test_worker_count_follows_ttin_and_ttou(served: Running) -> None:
    served.send(signal.SIGTTIN)
    served.api.wait_for_workers(3)
    served.send(signal.SIGTTOU)
    served.api.wait_for_workers(2)
    totals = eventually(lambda: t if (t := served.api.totals())["workers_exited"] == 1 else None)
    assert totals["workers_died"] == 0


@pytest.mark.parametrize(
    ("script", "status"),
    [("exit 0", 0), ("exit 3", 3), ("kill -TERM $$", 128 + 15), ("kill -KILL $$", 128 + 9)],
)
def test_exit_status_is_passed_on(box: Sandbox, script: str, status: int) -> None:
    run = box.cli("run", "--listen", "127.0.0.1:0", "--", "sh", "-c", script)
    assert run.returncode == status
    box.assert_nothing_left()


def test_command_that_cannot_run(box: Sandbox) -> None:
    unknown = box.cli("run", "--listen", "127.0.0.1:0", "--", "no-such-server", "app:app")
    assert unknown.returncode == 127
    assert "no-such-server" in unknown.stderr
    plain_file = box.cli("run", "--listen", "127.0.0.1:0", "--", str(APPS / "plain_app.py"))
    assert plain_file.returncode == 126
    box.assert_nothing_left()


def test_server_that_fails_at_start(box: Sandbox) -> None:
    # One worker: with two that fail, gunicorn's own status is now 3, now 1.
    served = box.gunicorn("-w", "1", app="no_such_module:app")
    assert served.wait() == 3  # gunicorn: worker failed to boot
    box.assert_nothing_left()


# --- as the first process of a container ----------------------------------------------------------


@pytest.fixture
def unshare() -> str:
    path = shutil.which("unshare")
    probe = [path or "unshare", "--pid", "--fork", "--mount-proc", "true"]
    if path is None or subprocess.run(probe, capture_output=True, check=False).returncode != 0:
        pytest.skip("this machine does not permit a PID namespace")
    return path


def test_works_as_pid_1(box: Sandbox, unshare: str) -> None:
    app_port, port = free_port(), free_port()
    outer = box.start(
        [
            *(unshare, "--pid", "--fork", "--mount-proc"),
            *(STIRBAR, "run", "--listen", f"127.0.0.1:{port}", "--"),
            *("gunicorn", "-w", "2", "--no-control-socket", "-b", f"127.0.0.1:{app_port}"),
            "orphan_app:app",
        ]
    )
    outer.api.port, outer.app.port = port, app_port
    outer.ready(workers=2)
    (launcher,) = children(outer.pid)
    for _ in range(5):
        assert outer.app.ask("/orphan").status == 200

    # They become children of PID 1, end, and are reaped: no zombie stays.
    def zombies() -> list[int]:
        rows = [process(pid) for pid in children(launcher)]
        return [row.pid for row in rows if row is not None and row.state == "Z"]

    eventually(lambda: "orphan ended\n" * 5 in outer.log, what="the orphans end")
    eventually(lambda: not zombies() and len(children(launcher)) == 2, what="reaped")
    assert {w["pid"] for w in outer.api.workers()} <= set(range(2, 200))  # seen by their inner pids
    supervisor = next(pid for pid in children(launcher) if comm(pid) == "stirbar-super")
    kill(supervisor)
    eventually(lambda: outer.api.snapshot()["supervisor"]["generation"] == 2)
    kill(launcher, signal.SIGTERM)
    assert outer.wait() == 0
    box.assert_nothing_left()


# --- on a terminal --------------------------------------------------------------------------------


def start_on_terminal(box: Sandbox, command: list[str]) -> tuple[Running, int]:
    """The process, as leader of the foreground group of a new terminal, and the other end of it."""
    main, terminal = pty.openpty()

    def take_terminal() -> None:
        fcntl.ioctl(terminal, termios.TIOCSCTTY, 0)

    running = box.start(command, stdin=terminal, preexec_fn=take_terminal)
    os.close(terminal)
    return running, main


def test_ctrl_c_reaches_the_server_once(box: Sandbox) -> None:
    notes = box.folder / "signals"
    command = [STIRBAR, "run", "--listen", "127.0.0.1:0", "--", PYTHON, "count_signals.py"]
    running, terminal = start_on_terminal(box, [*command, str(notes)])
    eventually(lambda: notes.read_text() == "ready\n", what="the server is ready")
    os.write(terminal, b"\x03")
    assert running.wait() == 5  # the server's own status
    assert notes.read_text() == "ready\nSIGINT\n"
    os.close(terminal)
    box.assert_nothing_left()


def test_ctrl_c_ends_gunicorn_in_good_order(box: Sandbox) -> None:
    app_port, port = free_port(), free_port()
    running, terminal = start_on_terminal(
        box,
        [
            *(STIRBAR, "run", "--listen", f"127.0.0.1:{port}", "--"),
            *("gunicorn", "-w", "2", "--no-control-socket", "-b", f"127.0.0.1:{app_port}"),
            "plain_app:app",
        ],
    )
    running.api.port, running.app.port = port, app_port
    running.ready(workers=2)
    os.write(terminal, b"\x03")
    assert running.wait() == 0
    os.close(terminal)
    assert "Traceback" not in running.log
    assert "supervisor was killed" not in running.log
    box.assert_nothing_left()


# A signal sent to the launcher alone, as `kill` and process managers do it, is passed on.
def test_signal_to_the_launcher_alone_is_passed_on(box: Sandbox, tmp_path: Path) -> None:
    notes = tmp_path / "signals"
    command = [STIRBAR, "run", "--listen", "127.0.0.1:0", "--", sys.executable]
    running = box.start([*command, "count_signals.py", str(notes)])
    eventually(lambda: notes.read_text() == "ready\n")
    running.send(signal.SIGUSR1)
    eventually(lambda: notes.read_text() == "ready\nSIGUSR1\n")
    running.send(signal.SIGINT)
    assert running.wait() == 5
    assert notes.read_text() == "ready\nSIGUSR1\nSIGINT\n"
