"""Shed level and accept queue under a real overload, and after it."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Iterator
from email.message import Message

import pytest
from harness import Json, Running, Sandbox, eventually

DEADLINE = 1.0
CAPACITY = 50  # requests per second: one sync worker, 20 ms each
ENVIRONMENT = {"STIRBAR_REQUEST_DEADLINE": str(DEADLINE)}


class OpenLoop:
    """Sends `rate` requests a second, answered or not; nobody waits for an answer."""

    def __init__(self, port: int, path: str, rate: float) -> None:
        self._port, self._rate = port, rate
        self._request = f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()
        self._over = threading.Event()
        self._open: list[tuple[float, socket.socket]] = []
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        due = time.monotonic()
        while not self._over.is_set():
            self._send()
            due += 1 / self._rate
            time.sleep(max(0.0, due - time.monotonic()))
        for _, client in self._open:
            client.close()

    def _send(self) -> None:
        client = socket.socket()
        client.setblocking(False)
        with contextlib.suppress(OSError):
            client.connect_ex(("127.0.0.1", self._port))
        now = time.monotonic()
        self._open.append((now, client))
        # The connection is there at once on loopback, where the queue has room.
        with contextlib.suppress(OSError):
            client.send(self._request)
        while self._open and self._open[0][0] + 3 * DEADLINE < now:
            self._open.pop(0)[1].close()

    def stop(self) -> None:
        self._over.set()
        self._thread.join(10)


@contextlib.contextmanager
def load(served: Running, path: str, rate: float) -> Iterator[None]:
    clients = OpenLoop(served.app.port, path, rate)
    try:
        yield
    finally:
        clients.stop()


def traffic(served: Running) -> Json:
    row: Json = served.api.snapshot()["traffic"]
    return row


def overloaded(box: Sandbox, **environment: str) -> Running:
    served = box.gunicorn(
        "-w", "1", app="overload_app:app", environment={**ENVIRONMENT, **environment}
    )
    return served.ready(workers=1)


# R-REQ-2, R-REQ-6
def test_level_and_queue_follow_an_overload_and_its_end(box: Sandbox) -> None:
    served = overloaded(box)
    own = eventually(lambda: traffic(served)["backlog_own"], what="the server's own queue")
    with load(served, "/work", 4 * CAPACITY):
        row = eventually(
            lambda: t if (t := traffic(served))["shed_level"] > 0 and t["backlog"] else None,
            what="both orders",
        )
        assert row["saturation"] >= 0.6
        assert row["shed_by"] == "measurement"
        assert "saturation" in row["shed_reason"]
        # As long as what is served or refused in half a deadline, 1,000 refusals a second and CPU.
        assert 8 <= row["backlog"] <= (4 * CAPACITY + 1000) * DEADLINE / 2
        assert row["backlog"] < own
        # The workers have carried it out.
        eventually(
            lambda: (
                served.api.snapshot()["listeners"][0]["backlog"] == row["backlog"]
                or traffic(served)["backlog"] != row["backlog"]
            ),
            what="the listener is shortened",
        )
        time.sleep(3)
        assert served.api.ask("/health/live").status == 200
    gone = time.monotonic()
    eventually(lambda: traffic(served)["shed_level"] == 0, what="the level goes")
    assert time.monotonic() - gone < 8  # 5 s, and a machine that is busy with other things
    eventually(lambda: traffic(served)["backlog"] == 0, what="the queue is given back")
    eventually(
        lambda: served.api.snapshot()["listeners"][0]["backlog"] == own, what="as it was before"
    )
    assert served.app.ask("/work").status == 200
    assert len(served.api.events("shed_level_changed")) <= 3


# R-REQ-6: observe-only changes nothing
def test_observe_only_says_what_it_would_do(box: Sandbox) -> None:
    served = overloaded(box, STIRBAR_OBSERVE_ONLY="true")
    own = eventually(lambda: traffic(served)["backlog_own"], what="the server's own queue")
    with load(served, "/work", 4 * CAPACITY):
        told = eventually(lambda: served.api.events("action_withheld"), what="withheld")
        assert "would" in told[0]["text"]
        row = traffic(served)
        assert (row["shed_level"], row["backlog"]) == (0, 0)
        assert served.api.snapshot()["listeners"][0]["backlog"] == own
    assert served.api.events("shed_level_changed") == []


# R-REQ-6
def test_the_operators_level_refuses_the_least_important(box: Sandbox) -> None:
    served = overloaded(box, STIRBAR_SHED_LEVEL="2")
    eventually(lambda: traffic(served)["shed_level"] == 2, what="the operator's level")
    assert traffic(served)["shed_by"] == "operator"
    assert served.app.ask("/work").status == 200  # normal requests are served at level 2
    assert served.app.ask("/critical").status == 200
    eventually(lambda: served.app.ask("/background").status == 503, what="background is refused")


# R-REQ-6
@pytest.mark.parametrize("kind", [["-k", "sync"], ["-k", "gthread", "--threads", "2"]])
def test_what_is_plain_is_refused_at_the_door(box: Sandbox, kind: list[str]) -> None:
    served = box.gunicorn(
        "-w", "1", *kind, app="overload_app:app", environment={"STIRBAR_SHED_LEVEL": "2"}
    ).ready(workers=1)
    eventually(lambda: traffic(served)["shed_level"] == 2, what="the operator's level")

    asked = 0

    def refused() -> Message:
        nonlocal asked
        answer = served.app.ask("/background")
        assert answer.status == 503, answer
        asked += 1
        return answer.headers

    headers = eventually(lambda: h if "Server" not in (h := refused()) else None, what="the door")
    assert int(headers["Retry-After"]) >= 1
    assert headers["Connection"] == "close"
    # What is no plain GET or HEAD is read by gunicorn, and refused by the gate.
    answer = served.app.ask("/background?x=1", headers={"X-Request-Timeout": "5s"})
    assert answer.status == 503 and answer.headers["Server"].startswith("gunicorn")
    asked += 1
    assert served.app.ask("/work").status == 200
    assert served.app.ask("/critical").status == 200
    assert served.app.ask("/no/such/route").status == 404
    # Both kinds are counted, each once.
    for _ in range(5):
        refused()
    eventually(lambda: traffic(served)["refused"]["background"] == asked, what="counted")


# R-REQ-6: the door writes at most 4 KiB; a longer refusal is whole all the same
@pytest.mark.parametrize("kind", [["-k", "sync"], ["-k", "gthread", "--threads", "2"]])
@pytest.mark.parametrize(("length", "by_the_door"), [(3_000, True), (200_000, False)])
def test_an_apps_own_refusal_comes_whole(
    box: Sandbox, kind: list[str], length: int, by_the_door: bool
) -> None:
    environment = {"STIRBAR_SHED_LEVEL": "2", "REFUSAL_BYTES": str(length)}
    served = box.gunicorn("-w", "1", *kind, app="overload_app:app", environment=environment).ready(
        workers=1
    )
    eventually(lambda: traffic(served)["shed_level"] == 2, what="the operator's level")

    def whole(method: str) -> Message:
        answer = served.app.ask("/background", method)
        assert answer.status == 503
        assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
        assert int(answer.headers["Content-Length"]) == length
        body = "" if method == "HEAD" else "busy " * (length // 5)
        assert answer.text == body, "not whole"
        return answer.headers

    # What has not arrived yet when its connection is accepted is left to gunicorn and the gate.
    def at_the_door(method: str) -> bool:
        return "Server" not in whole(method)

    # Without a body each of them fits: so the door is watched.
    eventually(lambda: at_the_door("HEAD"), what="the door")
    if by_the_door:
        eventually(lambda: at_the_door("GET"), what="a short one at the door")
    else:
        assert not any(at_the_door("GET") for _ in range(20))
    assert served.app.ask("/work").status == 200
