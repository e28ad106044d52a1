"""How long requests wait before the app gets them, under real servers. R-REQ-2."""

from __future__ import annotations

import http.client
import ipaddress
import threading
import time
from collections.abc import Sequence

import pytest
from harness import PYTHON, Client, Running, Sandbox, eventually, free_port
from segment_file import InFlight, SegmentFile

GUNICORN = ("gunicorn", "--no-control-socket", "-b", "127.0.0.1:{port}", "admission_app:app")
UWSGI = ("uwsgi", "--http-socket", "127.0.0.1:{port}", "--master", "--need-app", "--die-on-term",
         "--module", "admission_app:app", "--virtualenv", "{prefix}")  # fmt: skip
SERVERS = {
    "gunicorn-sync": GUNICORN,
    "gunicorn-gthread": (*GUNICORN, "-k", "gthread", "--threads", "1"),
    "uwsgi": UWSGI,
    "uwsgi-threads": (*UWSGI, "--enable-threads"),
    "waitress": ("waitress-serve", "--threads=1", "--listen=127.0.0.1:{port}", "admission_app:app"),
    "werkzeug": (PYTHON, "admission_app.py"),
}


def serve(box: Sandbox, command: Sequence[str], **environment: str) -> Running:
    """The app without `stirbar run`."""
    port = free_port()
    prefix = PYTHON.rsplit("/bin/", 1)[0]
    words = [word.format(port=port, prefix=prefix, folder=box.folder) for word in command]
    running = box.start(words, environment={"APP_PORT": str(port), "THREADED": "0", **environment})
    running.app = Client(port)
    eventually(lambda: running.app.ask("/pid").status == 200, what=running.log)
    return running


def segment_of(box: Sandbox) -> SegmentFile:
    return SegmentFile(box.runtime / "admission.segment")


class Watched(threading.Thread):
    """The newest sight of each request that was in flight while this ran."""

    def __init__(self, segment: SegmentFile) -> None:
        super().__init__(daemon=True)
        self.segment = segment
        self.seen: dict[int, InFlight] = {}
        self.stopping = threading.Event()

    def run(self) -> None:
        while not self.stopping.wait(0.01):
            for request in self.segment.in_flight():
                self.seen[request.started_ns] = request


# A client that comes while another is served waits for the rest of that, and so on.
@pytest.mark.parametrize("server", SERVERS)
def test_each_waits_for_those_before_it(box: Sandbox, server: str) -> None:
    running = serve(box, SERVERS[server])
    segment = segment_of(box)
    watched = Watched(segment)
    watched.start()
    asked = [running.app.ask_in_background("/sleep/0.5") for _ in range(3)]
    assert [each.result().status for each in asked] == [200, 200, 200]
    watched.stopping.set()
    rows = [r for _, r in sorted(watched.seen.items()) if r.route == "/sleep/<seconds>"]
    assert [row.source for row in rows] == ["socket"] * 3
    for row, expected in zip(rows, (0.0, 0.5, 1.0), strict=True):
        assert row.queue_seconds == pytest.approx(expected, abs=0.15)
    counted = segment.routes()["/sleep/<seconds>"]
    assert counted["requests"] == 3
    assert counted["queue_seconds"] == pytest.approx(1.5, abs=0.4)


def test_connection_that_is_kept_alive_waits_since_its_newest_request(box: Sandbox) -> None:
    running = serve(box, SERVERS["gunicorn-gthread"])
    connection = http.client.HTTPConnection("127.0.0.1", running.app.port)
    for _ in range(3):
        connection.request("GET", "/later")
        assert connection.getresponse().read() == b"later"
        time.sleep(0.3)
    connection.close()
    assert segment_of(box).routes()["/later"]["queue_seconds"] < 0.2


def headers_of(box: Sandbox, running: Running, **headers: str) -> InFlight:
    """How a request with these headers is seen."""
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    asked = running.app.ask_in_background("/sleep/0.3", headers=sent)
    segment = segment_of(box)
    (row,) = eventually(lambda: [r for r in segment.in_flight() if r.route is not None])
    assert asked.result().status == 200
    return row


def test_header_of_a_trusted_peer_is_believed(box: Sandbox) -> None:
    running = serve(box, SERVERS["gunicorn-sync"])
    ago = time.time() - 2
    for stamp in (f"{ago:.3f}", f"t={ago:.3f}", f"{ago * 1e3:.0f}", f"t={ago * 1e6:.0f}"):
        row = headers_of(box, running, X_Request_Start=stamp)
        assert row.source == "header", stamp
        late = time.time() - ago
        assert 2 <= row.queue_seconds <= late, stamp
    row = headers_of(box, running, X_Queue_Start=f"t={time.time() - 3:.3f}")
    assert (row.source, round(row.queue_seconds)) == ("header", 3)
    row = headers_of(box, running, X_Request_Start=f"t={time.time() + 5:.3f}")
    assert (row.source, row.queue_seconds) == ("header", 0.0)
    row = headers_of(box, running, X_Request_Start="soon")
    assert row.source == "socket"
    assert row.deadline_seconds == pytest.approx(10)
    row = headers_of(box, running, X_Request_Timeout="1500ms")
    assert row.deadline_seconds == pytest.approx(1.5)
    row = headers_of(box, running, X_Envoy_Expected_Rq_Timeout_Ms="2500")
    assert row.deadline_seconds == pytest.approx(2.5)


def test_header_of_a_stranger_is_not(box: Sandbox) -> None:
    running = serve(box, SERVERS["gunicorn-sync"], STIRBAR_TRUSTED_PEERS="10.0.0.0/8, unix")
    row = headers_of(box, running, X_Request_Start=f"{time.time() - 5}", X_Request_Timeout="1")
    assert row.source == "socket"
    assert row.queue_seconds < 1
    assert row.deadline_seconds == pytest.approx(10)


def test_client_is_masked(box: Sandbox) -> None:
    running = serve(box, SERVERS["gunicorn-sync"], STIRBAR_CLIENT_ADDRESS_BITS="8")
    row = headers_of(box, running)
    # The environment reaches the segment by the supervisor: none here, so 24 bits.
    assert ipaddress.IPv6Address(row.client).ipv4_mapped == ipaddress.IPv4Address("127.0.0.0")


def test_bad_list_of_peers_is_refused(box: Sandbox) -> None:
    run = box.start([PYTHON, "-c", "import admission_app"],
                    environment={"STIRBAR_TRUSTED_PEERS": "10.0.0.0/8,proxy"})  # fmt: skip
    assert run.wait() == 1
    assert "STIRBAR_TRUSTED_PEERS: 'proxy' is not allowed" in run.log


# What waits in the executor of a threaded server is counted there.
@pytest.mark.parametrize("server", ["gunicorn-gthread", "waitress"])
def test_executor_depth(box: Sandbox, server: str) -> None:
    running = serve(box, SERVERS[server])
    segment = segment_of(box)
    assert segment.admission("capacity") == 1
    asked = [running.app.ask_in_background("/sleep/0.4") for _ in range(4)]
    eventually(lambda: segment.admission("executor_depth") >= 2)
    assert all(each.result().status == 200 for each in asked)
    eventually(lambda: segment.admission("executor_depth") == 0)
