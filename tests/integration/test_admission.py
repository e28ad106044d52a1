"""Who is refused, how, and what it costs the others. R-REQ-6, R-CONF-2."""

from __future__ import annotations

import socket
import struct
import subprocess
import time

import pytest
from harness import PYTHON, Answer, Client, Running, Sandbox, eventually, free_port
from segment_file import CONFIG, FakeSupervisor, SegmentFile
from stirbar import _stirbar
from test_queue_time import SERVERS, segment_of, serve

GTHREAD = ("gunicorn", "--no-control-socket", "-b", "127.0.0.1:{port}", "-k", "gthread",
           "--threads", "4", "admission_app:app")  # fmt: skip


def set_value(segment: SegmentFile, setting: str, value: float) -> None:
    """A change at run time; workers know within 0.3 s."""
    index = [row["name"] for row in _stirbar.setting_specs()].index(setting)
    segment.put("d", CONFIG + 8 + 8 * index, value)
    segment.put("I", CONFIG + 1032 + 4 * index, 3)
    segment.put("Q", CONFIG, segment.get("Q", CONFIG) + 1)
    time.sleep(0.3)


def expect_refusal(answer: Answer, body: bytes = b"<p>busy</p>") -> None:
    assert answer.status == 503
    assert 1 <= int(answer.headers["Retry-After"]) <= 61
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    assert answer.headers["Content-Length"] == "11"
    assert answer.body == body


@pytest.mark.parametrize("server", SERVERS)
def test_level_refuses_the_least_important_first(box: Sandbox, server: str) -> None:
    running = serve(box, SERVERS[server])
    app, segment = running.app, segment_of(box)
    set_value(segment, "shed_level", 3)
    before = segment.routes()
    for _ in range(3):
        expect_refusal(app.ask("/"))
        assert app.ask("/health").body == b"alive"
    expect_refusal(app.ask("/later", "HEAD"), b"")
    expect_refusal(app.ask("/nowhere"))
    assert segment.judged("refused") == {
        "critical": 0, "normal": 4, "sheddable": 1, "background": 0,
    }  # fmt: skip
    after = segment.routes()
    assert after["/"]["refused"] == 3
    assert after["/"]["requests"] == before.get("/", {"requests": 0})["requests"]
    assert after["/health"]["requests"] == 3
    set_value(segment, "shed_level", 2)
    assert app.ask("/").status == 200
    expect_refusal(app.ask("/later"))
    expect_refusal(app.ask("/report/7", "POST", b"x" * 100))
    assert segment.routes()["/report/<int:number>"]["refused"] == 1
    set_value(segment, "shed_level", 1)
    assert app.ask("/later").status == 200
    expect_refusal(app.ask("/report/7", "POST"))
    set_value(segment, "shed_level", -1)
    assert app.ask("/report/7", "POST").body == b"report 7"


def test_supervisor_orders_and_its_orders_end_with_it(box: Sandbox) -> None:
    running = serve(box, SERVERS["gunicorn-sync"])
    segment = segment_of(box)
    with FakeSupervisor(segment) as supervisor:
        supervisor.order(level=2)
        assert running.app.ask("/admin/health").status in (200, 503)
        answers = [running.app.ask("/later").status for _ in range(20)]
        # By measurement, one a second is served all the same.
        assert answers.count(503) >= 17
        assert answers.count(200) >= 1
    eventually(lambda: running.app.ask("/report/1", "POST").status == 200, what="no supervisor")


def test_observed_only_refuses_nobody(box: Sandbox) -> None:
    running = serve(box, SERVERS["gunicorn-sync"])
    segment = segment_of(box)
    set_value(segment, "shed_level", 3)
    for name, value in (("admission", 1.0), ("admission", 2.0)):
        set_value(segment, name, value)
        set_value(segment, "observe_only", 1.0)
        before = segment.judged("would_refuse")["normal"]
        assert running.app.ask("/").status == 200
        assert segment.judged("would_refuse")["normal"] == before + 1
        set_value(segment, "observe_only", 0.0)
    assert running.app.ask("/").status == 503
    set_value(segment, "admission", 0.0)
    assert running.app.ask("/").status == 200


def test_answer_that_would_come_too_late_is_not_made(box: Sandbox) -> None:
    running = serve(box, SERVERS["gunicorn-sync"])
    segment = segment_of(box)
    set_value(segment, "request_deadline", 1.0)
    asked = [running.app.ask_in_background("/sleep/0.4") for _ in range(6)]
    statuses = sorted(each.result().status for each in asked)
    assert statuses.count(200) in (2, 3)
    assert statuses.count(503) == 6 - statuses.count(200)
    # Trusted clients say how long they wait.
    busy = running.app.ask_in_background("/sleep/0.5")
    time.sleep(0.1)
    assert running.app.ask("/", headers={"X-Request-Timeout": "200ms"}).status == 503
    assert busy.result().status == 200


def test_policy_of_the_route_is_seen_in_flight(box: Sandbox) -> None:
    running = serve(box, SERVERS["gunicorn-gthread"])
    segment = segment_of(box)
    asked = running.app.ask_in_background("/report/7?sleep=0.5", method="POST")
    (row,) = eventually(lambda: [r for r in segment.in_flight() if r.route is not None])
    assert row.criticality == "background"
    assert row.limit_seconds == pytest.approx(120)
    assert row.deadline_seconds == pytest.approx(0.5)
    assert asked.result().status == 200
    asked = running.app.ask_in_background("/events?count=3")
    (row,) = eventually(lambda: [r for r in segment.in_flight() if r.route is not None])
    assert (row.route, row.limit_seconds) == ("/events", 0)
    assert asked.result().status == 200


def test_streams_are_capped(box: Sandbox) -> None:
    running = serve(box, GTHREAD)
    segment = segment_of(box)
    set_value(segment, "long_lived_limit", 2)
    open_streams = [running.app.ask_in_background("/events?count=8") for _ in range(2)]
    eventually(lambda: len(segment.in_flight()) == 2)
    expect_refusal(running.app.ask("/events?count=1"))
    assert running.app.ask("/").status == 200
    assert all(each.result().status == 200 for each in open_streams)
    eventually(lambda: running.app.ask("/events?count=1").status == 200)
    assert segment.routes()["/events"]["refused"] == 1


def test_cheaper_answers_under_pressure(box: Sandbox) -> None:
    running = serve(box, SERVERS["gunicorn-sync"])
    segment = segment_of(box)
    with FakeSupervisor(segment) as supervisor:
        supervisor.order(pressure=0.5)
        assert running.app.ask("/feed").body == b"full feed 0.50"
        supervisor.order(pressure=0.9)
        assert running.app.ask("/feed").body == b"cheap feed"
        assert segment.routes()["/feed"]["degraded"] == 1
        set_value(segment, "observe_only", 1.0)
        assert running.app.ask("/feed").body == b"full feed 0.90"
        assert segment.routes()["/feed"]["degraded"] == 1


@pytest.mark.parametrize("server", ["gunicorn-sync", "gunicorn-gthread", "waitress", "werkzeug"])
def test_stuck_request_is_interrupted_alone(box: Sandbox, server: str) -> None:
    running = serve(box, SERVERS[server])
    segment = segment_of(box)
    stuck = running.app.ask_in_background("/spin")
    (row,) = eventually(lambda: [r for r in segment.in_flight() if r.route == "/spin"])
    assert segment.interrupt(row)
    answer = stuck.result()
    assert answer.status == 504
    assert answer.body == b"The request took too long and was ended.\n"
    assert running.app.ask("/seen").text == "interrupted,teardown RequestInterrupted"
    # It is over: the order of long ago meets nobody.
    assert not segment.interrupt(row)
    assert all(running.app.ask("/").status == 200 for _ in range(5))
    assert "Traceback" not in running.log


def limit_of(port: int) -> int:
    """The accept queue of the listening socket, as the kernel has it."""
    line = subprocess.run(["ss", "-Hltn", f"sport = :{port}"], capture_output=True, text=True)
    return int(line.stdout.split()[2])


OWN = {"gunicorn-sync": 2048, "waitress": 1024, "uwsgi-threads": 100, "werkzeug": 128}


@pytest.mark.parametrize(("server", "own"), OWN.items())
def test_accept_queue_is_shortened_and_given_back(box: Sandbox, server: str, own: int) -> None:
    running = serve(box, SERVERS[server])
    segment = segment_of(box)
    port = running.app.port
    assert limit_of(port) == own
    with FakeSupervisor(segment) as supervisor:
        supervisor.order(backlog=7)
        eventually(lambda: limit_of(port) == 7)
        supervisor.order()
        eventually(lambda: limit_of(port) == own)
        supervisor.order(backlog=9)
        eventually(lambda: limit_of(port) == 9)
    # The supervisor is gone.
    eventually(lambda: limit_of(port) == own)


def test_threaded_worker_leaves_the_excess_in_the_kernel(box: Sandbox) -> None:
    running = serve(box, GTHREAD)
    segment = segment_of(box)
    with FakeSupervisor(segment) as supervisor:
        supervisor.order(backlog=50)
        asked = [running.app.ask_in_background("/sleep/1") for _ in range(16)]
        time.sleep(0.7)
        assert segment.admission("executor_depth") <= 3
        assert all(each.result().status == 200 for each in asked)
        supervisor.order()
        asked = [running.app.ask_in_background("/sleep/1") for _ in range(16)]
        eventually(lambda: segment.admission("executor_depth") >= 10)
        assert all(each.result().status == 200 for each in asked)


def raw(running: Running, request: bytes) -> bytes:
    """All bytes of the answer, without its date."""
    with socket.create_connection(("127.0.0.1", running.app.port), timeout=20) as connection:
        # Whatever is wrong, the server must not wait for more.
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 0, 0))
        connection.sendall(request)
        found = b""
        while chunk := connection.recv(65536):
            found += chunk
    lines = found.split(b"\r\n")
    return b"\r\n".join(line for line in lines if not line.startswith(b"Date: "))


REQUESTS = {
    "plain": b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
    "old": b"GET / HTTP/1.0\r\n\r\n",
    "head": b"HEAD /item/7 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
    "options": b"OPTIONS /echo HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
    "post": b"POST /echo HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 3\r\n\r\nabc",
    "stream": b"GET /stream?chunks=5 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
    "unmatched": b"GET /nowhere HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
    "raises": b"GET /raise HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
    "not-allowed": b"DELETE / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
    "no-content": b"GET /status/204 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
    "kept": b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
    b"GET /pid HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
    "late": b"GET / HTTP/1.1\r\nHost: x\r\nX-Request-Start: {ago}\r\nConnection: close\r\n\r\n",
}


# R-CONF-2: with everything that could be done to a request asked for
@pytest.mark.parametrize("server", ["gunicorn-sync", "gunicorn-gthread", "waitress"])
def test_observe_only_changes_no_byte(box: Sandbox, server: str) -> None:
    command = [word.replace("admission_app", "plain_app") for word in SERVERS[server]]

    def answers(running: Running) -> dict[str, bytes]:
        ago = f"{time.time() - 100:.3f}".encode()
        found = {name: raw(running, text.replace(b"{ago}", ago)) for name, text in REQUESTS.items()}
        own_pid = str(int(running.app.ask("/pid").text)).encode()
        return {name: text.replace(own_pid, b"PID") for name, text in found.items()}

    # The order of names in an Allow header is that of a set.
    box.environment["PYTHONHASHSEED"] = "0"
    without = answers(serve(box, command))
    port = free_port()
    words = [word.format(port=port, prefix=PYTHON.rsplit("/bin/", 1)[0]) for word in command]
    watched = box.serve(words, port, environment={
        "STIRBAR_OBSERVE_ONLY": "1", "STIRBAR_SHED_LEVEL": "3", "STIRBAR_CONCURRENCY_LIMIT": "1",
        "STIRBAR_LONG_LIVED_LIMIT": "1", "STIRBAR_REQUEST_DEADLINE": "1",
    })  # fmt: skip
    watched.app = Client(port)
    watched.ready(workers=1)
    time.sleep(0.5)
    with_stirbar = answers(watched)
    for name, expected in without.items():
        assert with_stirbar[name] == expected, name
