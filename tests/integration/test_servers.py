"""Each server that a Flask app is run with: seen before its first request, counted, ended well."""

from __future__ import annotations

import os
import signal
from collections.abc import Sequence
from dataclasses import dataclass

import pytest
from harness import APPS, PYTHON, Running, Sandbox, comm, eventually, free_port


@dataclass(frozen=True)
class Server:
    """How it is started, and what is to be seen of it. `{port}` is where it shall listen."""

    command: Sequence[str]
    kind: str
    workers: int = 1
    # Whether its workers report before the first request.
    hooked: bool = True
    # Whether it can tell that the interpreter lock is held.
    lock_probe: bool = True
    ends_with: tuple[int, ...] = (0,)


GUNICORN = ("gunicorn", "--no-control-socket", "-b", "127.0.0.1:{port}")
UWSGI = ("uwsgi", "--http-socket", "127.0.0.1:{port}", "--master", "--need-app", "--die-on-term")
UWSGI = (*UWSGI, "--module", "plain_app:app", "--virtualenv", "{prefix}")
SERVERS = {
    "gunicorn-sync": Server((*GUNICORN, "-w", "2", "plain_app:app"), "gunicorn", 2),
    "gunicorn-gthread": Server(
        (*GUNICORN, "-w", "2", "-k", "gthread", "--threads", "4", "plain_app:app"), "gunicorn", 2
    ),
    "gunicorn-preload": Server((*GUNICORN, "-w", "3", "--preload", "plain_app:app"), "gunicorn", 3),
    "gunicorn-gevent": Server(
        (*GUNICORN, "-w", "2", "-k", "gevent", "plain_app:app"), "gunicorn", 2
    ),
    "gunicorn-unix": Server(
        ("gunicorn", "--no-control-socket", "-b", "127.0.0.1:{port}", "-b", "unix:{folder}/s",
         "-w", "2", "plain_app:app"), "gunicorn", 2,
    ),
    "uwsgi": Server((*UWSGI, "-p", "2"), "uwsgi", 2, lock_probe=False),
    "uwsgi-threads": Server((*UWSGI, "-p", "2", "--enable-threads", "--threads", "2"), "uwsgi", 2),
    "uwsgi-lazy-apps": Server((*UWSGI, "-p", "3", "--lazy-apps", "--enable-threads"), "uwsgi", 3),
    "waitress": Server(
        ("waitress-serve", "--listen=127.0.0.1:{port}", "plain_app:app"), "waitress"
    ),
    "flask-run": Server(
        ("flask", "--app", "plain_app", "run", "--port", "{port}"), "werkzeug"
    ),
    "flask-run-reloader": Server(
        ("flask", "--app", "plain_app", "run", "--port", "{port}", "--reload"), "werkzeug"
    ),
    "flask-run-debug": Server(
        ("flask", "--app", "plain_app", "--debug", "run", "--port", "{port}"), "werkzeug"
    ),
    "python-app.py": Server((PYTHON, "plain_app.py"), "werkzeug"),
}  # fmt: skip


def start(box: Sandbox, server: Server) -> Running:
    port = free_port()
    places = {"port": port, "folder": box.folder, "prefix": PYTHON.rsplit("/bin/", 1)[0]}
    command = [word.format(**places) for word in server.command]
    return box.serve(command, port, environment={"APP_PORT": str(port)}, cwd=APPS)


# R-REQ-1, R-ERR-1
@pytest.mark.parametrize("server", SERVERS.values(), ids=SERVERS)
def test_server(box: Sandbox, server: Server) -> None:
    served = start(box, server)
    api, app = served.api, served.app
    eventually(lambda: api.ask("/api/v1/snapshot").status == 200, what="figures")
    # Nobody has asked for anything yet.
    workers = api.wait_for_workers(server.workers)
    assert api.totals()["requests"] == 0
    assert {w["server"] for w in workers} == {server.kind}
    assert {w["state"] for w in workers} == {"idle"}
    assert all(w["python"].startswith("3.") for w in workers)
    assert all(w["requests"] == 0 for w in workers)
    eventually(lambda: all((w["rss_bytes"] or 0) > 15e6 for w in api.workers()), what="sizes")
    eventually(lambda: app.ask("/").status == 200, what="the app serves")
    pids = {w["pid"] for w in workers}

    seen = set()
    for _ in range(30):
        seen.add(int(app.ask("/pid").text))
    assert seen <= pids
    assert app.ask("/echo", "POST", b"abc").body == b"abc"
    assert app.ask("/stream?chunks=3").text == "chunk 0\nchunk 1\nchunk 2\n"
    assert app.ask("/nowhere").status == 404
    assert app.ask("/raise").status == 500
    totals = api.wait_for_requests(35)
    assert totals["requests"] == 35
    assert totals["errors"] == 1
    routes = api.routes()
    assert routes["GET /pid"]["requests"] == 30
    assert routes["POST /echo"]["requests"] == 1
    assert routes["GET /stream"]["requests"] == 1
    assert routes["(unmatched)"]["requests"] == 1
    assert api.snapshot()["app"]["server"] == server.kind
    assert api.snapshot()["in_flight"] == []
    assert api.ask("/health/ready").json["status"] == "pass"
    listening = {row["address"] for row in api.snapshot()["listeners"]}
    assert f"127.0.0.1:{app.port}" in listening

    # A request that waits is seen, whatever the server does with it.
    waiting = app.ask_in_background("/sleep/1")
    row = eventually(lambda: api.snapshot()["in_flight"], what="in flight")[0]
    assert (row["route"], row["phase"]) == ("GET /sleep/<seconds>", "handling")
    assert waiting.result().status == 200
    if server.lock_probe:
        hold = app.ask_in_background("/lock/1.5")
        eventually(
            lambda: "lock_held" in {w["state"] for w in api.snapshot()["workers"]},
            what="the hold is seen",
        )
        assert hold.result().status == 200

    assert "Traceback" in served.log  # of /raise, by the app's own log
    quiet = served.log.count("Traceback")
    served.send(signal.SIGINT)
    served.wait()
    assert served.log.count("Traceback") == quiet, served.log
    assert "Fatal Python error" not in served.log
    assert "Exception ignored" not in served.log
    box.assert_nothing_left()


RECYCLED = [name for name in SERVERS if name.startswith(("gunicorn", "uwsgi"))]


# Without a goodbye of its own, a worker ended by SIGTERM would look like one that died.
@pytest.mark.parametrize("name", RECYCLED)
def test_worker_that_is_recycled_has_exited_not_died(box: Sandbox, name: str) -> None:
    server = SERVERS[name]
    served = start(box, server)
    before = {w["pid"] for w in served.api.wait_for_workers(server.workers)}
    eventually(lambda: served.app.ask("/").status == 200)
    served.send(signal.SIGHUP)
    eventually(lambda: not before & served.api.worker_pids(), what="all workers are new")
    served.api.wait_for_workers(server.workers)
    totals = eventually(
        lambda: t if (t := served.api.totals())["workers_exited"] == server.workers else None,
        what="they have exited",
    )
    assert totals["workers_died"] == 0
    assert totals["lost"] == 0
    assert served.api.wait_for_requests(1)["requests"] == 1
    assert served.app.ask("/").status == 200
    assert "Traceback" not in served.log


# R-ERR-1: the reloader restarts its child; the parent of it is no worker
def test_reloader_restarts_the_worker(box: Sandbox) -> None:
    source = box.folder / "reloaded_app.py"
    source.write_text((APPS / "plain_app.py").read_text())
    port = free_port()
    command = ["flask", "--app", "reloaded_app", "run", "--port", str(port), "--reload"]
    served = box.serve(command, port, cwd=box.folder)
    (first,) = served.api.wait_for_workers(1)
    eventually(lambda: served.app.ask("/").text == "ok")
    source.write_text(source.read_text().replace('"ok"', '"changed"'))
    eventually(lambda: served.app.ask("/").text == "changed", what="reloaded")
    eventually(lambda: first["pid"] not in served.api.worker_pids())
    served.api.wait_for_workers(1)
    totals = eventually(lambda: t if (t := served.api.totals())["workers_exited"] == 1 else None)
    assert totals["workers_died"] == 0


# A worker ends itself after so many requests, as is usual against leaks.
def test_max_requests_loses_nothing(box: Sandbox) -> None:
    served = box.gunicorn("--max-requests", "20").ready(workers=2)
    answered = sum(served.app.ask("/").status == 200 for _ in range(100))
    assert answered == 100
    totals = served.api.wait_for_requests(101)
    assert totals["requests"] == 101
    totals = eventually(lambda: t if (t := served.api.totals())["workers_exited"] >= 4 else None)
    assert (totals["workers_died"], totals["lost"]) == (0, 0)


# Python programs that are no web server, and gunicorn's master, stay as they were.
def test_processes_that_serve_nothing_are_left_alone(box: Sandbox) -> None:
    script = "import sys, os; print('flask' in sys.modules, '_stirbar' in str(sys.modules.keys()))"
    run = box.cli("run", "--listen", "127.0.0.1:0", "--", PYTHON, "-c", script)
    assert run.stdout.splitlines()[0] == "False False"
    served = box.gunicorn().ready(workers=2)
    threads = [comm(int(task)) for task in os.listdir(f"/proc/{served.server_pid}/task")]
    assert not [name for name in threads if name.startswith("stirbar")]
    assert served.server_pid not in served.api.worker_pids()
