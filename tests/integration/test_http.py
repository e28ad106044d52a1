"""The supervisor's port: every endpoint against docs/openapi.yaml, access, and bad manners."""

from __future__ import annotations

import contextlib
import http.client
import json
import random
import re
import socket
import stat
import time
import urllib.parse
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from harness import PATIENCE, ROOT, Answer, Api, Client, Running, Sandbox, eventually, free_port

OPENAPI = yaml.safe_load((ROOT / "docs" / "openapi.yaml").read_text())
BROWSER = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}


def check_against(schema_name: str, value: Any) -> None:
    """Raises when `value` is not what docs/openapi.yaml says of `schema_name`."""
    schema = {"$ref": f"#/components/schemas/{schema_name}", "components": OPENAPI["components"]}
    jsonschema.Draft202012Validator(
        schema, format_checker=jsonschema.Draft202012Validator.FORMAT_CHECKER
    ).validate(value)


def check_documented(path: str, answer: Answer, method: str = "get") -> None:
    """Raises when status or content type of `answer` is not in docs/openapi.yaml."""
    documented = OPENAPI["paths"][path][method]["responses"]
    assert str(answer.status) in documented, (path, answer.status)
    response = documented[str(answer.status)]
    if "$ref" in response:
        response = OPENAPI["components"]["responses"][response["$ref"].rpartition("/")[2]]
    kinds = [kind.replace("; charset=utf-8", "") for kind in response.get("content", {})]
    sent = answer.headers.get("Content-Type", "").replace("; charset=utf-8", "")
    assert not kinds or sent in kinds, (path, sent, kinds)
    for name in response.get("headers", {}):
        assert name in answer.headers, (path, name)


@pytest.fixture(scope="module")
def busy(shared: Running) -> Running:
    """A server that has seen a bit of everything."""
    for path in ("/", "/item/1", "/nowhere", "/raise", "/stream", "/status/418"):
        shared.app.ask(path)
    shared.api.wait_for_requests(7)
    return shared


# --- the API --------------------------------------------------------------------------------------


def test_snapshot_is_what_the_api_file_says(busy: Running) -> None:
    waiting = busy.app.ask_in_background("/sleep/2")
    eventually(lambda: busy.api.snapshot()["in_flight"])
    answer = busy.api.ask("/api/v1/snapshot")
    check_documented("/api/v1/snapshot", answer)
    check_against("Snapshot", answer.json)
    assert answer.json["in_flight"]
    assert answer.json["routes"]
    assert answer.json["events"]
    assert answer.json["listeners"]
    assert answer.json["processes"]
    assert waiting.result().status == 200


def test_history_is_what_the_api_file_says(busy: Running) -> None:
    eventually(lambda: busy.api.ask("/api/v1/history").json["points"] >= 3)
    answer = busy.api.ask("/api/v1/history?points=3")
    check_documented("/api/v1/history", answer)
    check_against("History", answer.json)
    assert {len(values) for values in answer.json["series"].values()} == {3}
    times = answer.json["series"]["time"]
    assert all(0.5 <= b - a <= 5 for a, b in zip(times, times[1:], strict=False))
    for bad in ("0", "901", "-1", "1.5", "x", "", "99999999999999999999"):
        refused = busy.api.ask(f"/api/v1/history?points={bad}")
        assert refused.status == 400
        check_documented("/api/v1/history", refused)
        check_against("Error", refused.json)
        assert "1 to 900" in refused.json["error"]


def test_snapshot_example_is_what_the_api_file_says() -> None:
    example = json.loads((ROOT / "tests" / "data" / "snapshot.json").read_text())
    check_against("Snapshot", example)


def test_connections_are_what_the_api_file_says(busy: Running) -> None:
    answer = busy.api.ask("/api/v1/connections")
    check_documented("/api/v1/connections", answer)
    check_against("Connections", answer.json)
    assert answer.headers["Cache-Control"] == "no-store"
    example = json.loads((ROOT / "tests" / "data" / "connections.json").read_text())
    check_against("Connections", example)


def test_latency_is_what_the_api_file_says(busy: Running) -> None:
    def counted(path: str) -> int:
        answer = busy.api.ask(path)
        assert answer.status == 200, answer.text
        return sum(sum(column) for column in answer.json["counts"])

    before = counted("/api/v1/latency")
    for _ in range(5):
        busy.app.ask("/item/4")
    route = "/api/v1/latency?" + urllib.parse.urlencode({"route": "GET /item/<int:item_id>"})
    eventually(lambda: counted(route) >= 5, what="the requests are in the grid")
    assert counted("/api/v1/latency") >= before + 5
    for path in ("/api/v1/latency", route):
        answer = busy.api.ask(path)
        check_documented("/api/v1/latency", answer)
        check_against("Latency", answer.json)
        bounds, times = answer.json["bounds_seconds"], answer.json["time"]
        assert bounds == sorted(bounds)
        assert 20 <= len(bounds) <= 24 and bounds[0] < 0.0011 and 59 < bounds[-1] < 62
        assert len(times) == len(answer.json["counts"]) == 90
        assert {len(column) for column in answer.json["counts"]} == {len(bounds)}
        assert {b - a for a, b in zip(times, times[1:], strict=False)} == {10}
        assert 0 <= time.time() - times[-1] < 15
    unknown = busy.api.ask("/api/v1/latency?route=GET+/nothing/like/it")
    assert unknown.status == 404
    check_documented("/api/v1/latency", unknown)
    check_against("Error", unknown.json)
    assert "'GET /nothing/like/it'" in unknown.json["error"]


# R-REQ-4
def test_stacks_are_what_the_api_file_says(busy: Running) -> None:
    answers = {}
    for query in ("", "?pid=0", "?pid=1"):
        answers[query] = busy.api.ask(f"/api/v1/stacks{query}")
        check_documented("/api/v1/stacks", answers[query])
    check_against("Stacks", answers[""].json)
    workers = answers[""].json["workers"]
    assert workers and all(worker["threads"] for worker in workers)
    assert answers["?pid=0"].status == 400
    assert "1 to 4194304" in answers["?pid=0"].json["error"]
    assert answers["?pid=1"].status == 404
    assert str(workers[0]["pid"]) in answers["?pid=1"].json["error"]


def test_stream_brings_snapshots(busy: Running) -> None:
    snapshots = busy.api.stream()
    first, second = next(snapshots), next(snapshots)
    check_against("Snapshot", first)
    assert first["time"] < second["time"]


# R-HLTH-2
def test_health_is_what_the_api_file_says(busy: Running) -> None:
    for name in ("live", "ready", "startup"):
        answer = busy.api.ask(f"/health/{name}")
        assert answer.status == 200
        check_documented(f"/health/{name}", answer)
        check_against("HealthAnswer", answer.json)
        assert answer.headers["Cache-Control"] == "no-store"


def test_metrics_in_both_formats(busy: Running) -> None:
    text = busy.api.ask("/metrics")
    check_documented("/metrics", text)
    assert text.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    accept = {"Accept": "application/openmetrics-text;version=1.0.0,text/plain;q=0.5"}
    open_metrics = busy.api.ask("/metrics", headers=accept)
    assert open_metrics.headers["Content-Type"].startswith("application/openmetrics-text")
    assert open_metrics.text.endswith("# EOF\n")
    line = re.compile(r'[a-z_:][a-z0-9_:]*(\{([a-z_]+="([^"\\]|\\.)*",?)*\})? [-+0-9.eE]+|NaN')
    for row in text.text.splitlines():
        assert row.startswith("#") or line.match(row), row
    families = [row.split()[2] for row in text.text.splitlines() if row.startswith("# TYPE ")]
    assert len(families) == len(set(families))
    for name in (
        "saturation_ratio",
        "queue_time_seconds",
        "requests_refused_total",
        "requests_would_refuse_total",
        "shed_level",
        "backlog_limit",
        "load_pressure_ratio",
        "route_part_seconds_total",
        "route_queue_seconds_total",
        "requests_degraded_total",
        "outgoing_calls_total",
    ):
        assert f"stirbar_{name}" in families, name
    assert 'stirbar_requests_refused_total{criticality="background"} 0' in text.text
    assert 'route="GET /item/<int:item_id>"' in text.text or "/item/<int:item_id>" in text.text


def test_pages_and_their_files(busy: Running) -> None:
    page = busy.api.ask("/", headers=BROWSER)
    assert page.status == 200
    assert page.headers["Content-Type"].startswith("text/html")
    for path in ("/workers", "/routes", "/in-flight", "/events", "/settings"):
        assert busy.api.ask(path, headers=BROWSER).body == page.body
    asset = re.findall(r'src="\.?/?(assets/[^"]+\.js)"', page.text)[0]
    first = busy.api.ask(f"/{asset}")
    assert first.status == 200
    etag = first.headers["ETag"]
    assert busy.api.ask(f"/{asset}", headers={"If-None-Match": etag}).status == 304
    packed = busy.api.ask(f"/{asset}", headers={"Accept-Encoding": "gzip"})
    assert packed.headers["Content-Encoding"] == "gzip"
    assert len(packed.body) < len(first.body)
    for path in ("/assets/none.js", "/api/v1/none", "/api", "/metrics/x", "/health/none"):
        missing = busy.api.ask(path, headers=BROWSER)
        assert missing.status == 404, path
        check_against("Error", missing.json)


def test_methods_and_security_headers(busy: Running) -> None:
    for path in ("/api/v1/snapshot", "/metrics", "/health/live", "/"):
        refused = busy.api.ask(path, "POST", b"x")
        assert refused.status == 405
        assert refused.headers["Allow"] == "GET, HEAD"
        head = busy.api.ask(path, "HEAD")
        assert (head.status, head.body) == (200, b"")
        assert "default-src 'none'" in head.headers["Content-Security-Policy"]
        assert head.headers["X-Content-Type-Options"] == "nosniff"
        assert head.headers["Referrer-Policy"] == "no-referrer"
    # Everybody reads here; who wants to change something logs in.
    assert "<form" in busy.api.ask("/login").text


# Another site's page whose name was rebound to 127.0.0.1 reads nothing.
def test_host_header_is_checked(busy: Running) -> None:
    port = busy.api.port
    for host in (
        "localhost",
        f"localhost:{port}",
        f"127.0.0.1:{port}",
        f"[::1]:{port}",
        "LOCALHOST",
    ):
        assert busy.api.ask("/api/v1/snapshot", headers={"Host": host}).status == 200, host
    for host in ("rebound.example", "127.0.0.1.rebound.example", "", "localhost.example:80"):
        for path in ("/api/v1/snapshot", "/metrics", "/health/live", "/"):
            refused = busy.api.ask(path, headers={"Host": host})
            assert refused.status == 421, (host, path)
            check_against("Error", refused.json)


# --- bad manners ----------------------------------------------------------------------------------


def send_raw(port: int, data: bytes, seconds: float = 15) -> bytes:
    """Everything that comes back until the server closes."""
    with socket.create_connection(("127.0.0.1", port), timeout=seconds) as connection:
        with contextlib.suppress(OSError):
            connection.sendall(data)
            connection.shutdown(socket.SHUT_WR)
        answer = b""
        with contextlib.suppress(ConnectionResetError):
            while part := connection.recv(65536):
                answer += part
        return answer


RUBBISH = {
    "not HTTP": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" * 20,
    "no version": b"GET /\r\n\r\n",
    "another version": b"GET / HTTP/9.9\r\nHost: localhost\r\n\r\n",
    "no host": b"GET /metrics HTTP/1.1\r\n\r\n",
    "two hosts": b"GET /metrics HTTP/1.1\r\nHost: localhost\r\nHost: a.example\r\n\r\n",
    "header too long": b"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + b"x" * 100_000 + b"\r\n\r\n",
    "too many headers": b"GET / HTTP/1.1\r\nHost: localhost\r\n" + b"X: y\r\n" * 20_000 + b"\r\n",
    "body too long": b"POST /login HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999999\r\n\r\n",
    "negative length": b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n",
    "two lengths": b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\n"
    b"Content-Length: 2\r\n\r\nx",
    "length and chunks": b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4\r\n"
    b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "bad chunk": b"POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\n",
    "another site as target": b"GET http://other.example/ HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "line folding": b"GET / HTTP/1.1\r\nHost: localhost\r\nX: a\r\n b\r\n\r\n",
    "nul byte": b"GET /\0 HTTP/1.1\r\nHost: localhost\r\n\r\n",
}  # fmt: skip


@pytest.mark.parametrize("data", RUBBISH.values(), ids=RUBBISH)
def test_rubbish_is_refused_and_the_connection_closed(busy: Running, data: bytes) -> None:
    answer = send_raw(busy.api.port, data)
    allowed = rb"HTTP/1\.[01] (4\d\d|505|501|200) "  # 200: folding is a matter of taste
    assert answer == b"" or re.match(allowed, answer), answer[:100]
    if answer.startswith((b"HTTP/1.1 200", b"HTTP/1.0 200")):
        assert data == RUBBISH["line folding"]
    assert busy.api.ask("/health/live").status == 200


def test_noise_of_any_kind_harms_nothing(busy: Running) -> None:
    dice = random.Random(8800)
    pid = busy.api.snapshot()["supervisor"]["pid"]
    valid = b"GET /api/v1/snapshot?x=1 HTTP/1.1\r\nHost: localhost\r\nAccept: */*\r\n\r\n"
    for _ in range(150):
        data = bytearray(valid if dice.random() < 0.7 else dice.randbytes(200))
        for _ in range(dice.randrange(1, 6)):
            data[dice.randrange(len(data))] = dice.randrange(256)
        # Its answer does not matter: a changed header may well be a proper request still.
        send_raw(busy.api.port, bytes(data))
    assert busy.api.snapshot()["supervisor"]["pid"] == pid
    text = busy.api.ask("/metrics").text
    assert re.search(r"^stirbar_\S*bad_requests\S* [1-9]", text, re.M), "rubbish is counted"


def test_slow_header_is_cut(busy: Running) -> None:
    with socket.create_connection(("127.0.0.1", busy.api.port), timeout=1) as connection:
        began = time.monotonic()
        ended = False
        while not ended and time.monotonic() - began < 20:
            try:
                connection.sendall(b"X")
                ended = connection.recv(1000) == b""
            except TimeoutError:
                assert busy.api.ask("/health/live").status == 200  # nobody else waits
            except OSError:
                ended = True
        assert 5 <= time.monotonic() - began <= 18


def test_64_event_streams_and_not_one_more(busy: Running) -> None:
    with contextlib.ExitStack() as stack:
        streams = []
        for _ in range(64):
            connection = http.client.HTTPConnection("127.0.0.1", busy.api.port, timeout=PATIENCE)
            stack.callback(connection.close)
            connection.request("GET", "/api/v1/stream")
            response = connection.getresponse()
            stack.callback(response.close)
            assert response.status == 200
            streams.append(response)
        refused = busy.api.ask("/api/v1/stream")
        assert refused.status == 503
        check_documented("/api/v1/stream", refused)
        for response in streams:
            assert response.readline().startswith((b"event:", b"data:", b"id:", b"retry:", b":"))
        # Everybody else is served meanwhile.
        assert busy.api.ask("/health/ready").status == 200
        assert busy.api.ask("/api/v1/snapshot").status == 200
        # The connection tests' own limit is not reached: 600 more come and go.
        idle = [
            stack.enter_context(socket.create_connection(("127.0.0.1", busy.api.port), timeout=5))
            for _ in range(600)
        ]
        assert busy.api.ask("/health/ready").status == 200
        assert len(idle) == 600
    eventually(lambda: busy.api.ask("/api/v1/stream", "HEAD").status == 200)
    eventually(lambda: next(busy.api.stream()), what="a place is free again")


# --- not on loopback: the token ------------------------------------------------------------------


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Api, Path, Sandbox]]:
    box = Sandbox(tmp_path_factory.mktemp("guarded"))
    try:
        app_port = free_port()
        listen = f"127.0.0.1:{app_port}"
        command = ["gunicorn", "--no-control-socket", "-b", listen, "plain_app:app"]
        served = box.serve(command, app_port, host="0.0.0.0")
        token = box.folder / "state" / "token"
        eventually(lambda: served.api.answers("/") and token.exists())
        eventually(
            lambda: served.api.ask("/health/ready", headers=bearer(token)).status == 200,
            what="ready",
        )
        yield served.api, token, box
    finally:
        box.close()


def bearer(token: Path) -> dict[str, str]:
    return {"Authorization": f"Bearer {token.read_text().strip()}"}


def test_token_file_is_for_its_owner_only(guarded: tuple[Api, Path, Sandbox]) -> None:
    _, token, _ = guarded
    assert stat.S_IMODE(token.stat().st_mode) == 0o600
    assert stat.S_IMODE(token.parent.stat().st_mode) & 0o022 == 0
    assert len(token.read_text().strip()) >= 32


ENDPOINTS = [
    "/api/v1/snapshot",
    "/api/v1/history",
    "/api/v1/latency",
    "/api/v1/latency?route=x",
    "/api/v1/stacks",
    "/api/v1/stacks?pid=1",
    "/api/v1/stream",
    "/metrics",
    "/health/live",
    "/health/ready",
    "/health/startup",
    "/",
    "/workers",
    "/nothing/here",
    "/assets/x.js",
]


@pytest.mark.parametrize("path", ENDPOINTS)
def test_nothing_without_the_token(guarded: tuple[Api, Path, Sandbox], path: str) -> None:
    api, token, _ = guarded
    right = token.read_text().strip()
    tries = ["", "Bearer", "Bearer ", f"Bearer {right[:-1]}", f"Bearer {right}x", f"Basic {right}"]
    for authorization in [*tries, "Bearer " + "0" * len(right)]:
        headers = {"Authorization": authorization} if authorization else {}
        refused = api.ask(path, headers=headers)
        assert refused.status == 401, authorization
        assert refused.headers["WWW-Authenticate"].startswith("Bearer")
        check_against("Error", refused.json)
        assert right not in refused.text
    assert api.ask(f"{path}?token={right}").status == 401
    assert api.ask(path, headers={"Cookie": f"stirbar_session={right}"}).status == 401


def test_token_opens_everything(guarded: tuple[Api, Path, Sandbox]) -> None:
    api, token, _ = guarded
    for path in ("/api/v1/snapshot", "/api/v1/history", "/metrics", "/health/ready", "/"):
        assert api.ask(path, headers=bearer(token)).status == 200
    # Whoever has the token may come by any name: that is what it is for.
    named = {**bearer(token), "Host": "monitor.example"}
    assert api.ask("/api/v1/snapshot", headers=named).status == 200


def test_login_begins_a_session(guarded: tuple[Api, Path, Sandbox]) -> None:
    api, token, _ = guarded
    sent_there = api.ask("/", headers=BROWSER)
    assert (sent_there.status, sent_there.headers["Location"]) == (303, "/login")
    form = api.ask("/login", headers=BROWSER)
    assert form.status == 200
    assert "<form" in form.text
    kind = {"Content-Type": "application/x-www-form-urlencoded"}
    wrong = api.ask("/login", "POST", "token=wrong", kind)
    assert wrong.status == 401
    other_site = {**kind, "Origin": "http://evil.example", "Sec-Fetch-Site": "cross-site"}
    body = f"token={token.read_text().strip()}"
    assert api.ask("/login", "POST", body, other_site).status == 403
    assert api.ask("/login", "POST", body, {"Content-Type": "application/json"}).status == 415
    right = api.ask("/login", "POST", body, kind)
    assert (right.status, right.headers["Location"]) == (303, "/")
    cookie = right.headers["Set-Cookie"]
    assert "HttpOnly" in cookie and "SameSite=Strict" in cookie
    session = {"Cookie": cookie.partition(";")[0]}
    assert api.ask("/api/v1/snapshot", headers=session).status == 200
    assert api.ask("/", headers={**session, **BROWSER}).status == 200
    # Five wrong tokens, and this address waits.
    codes = [api.ask("/login", "POST", "token=wrong", kind).status for _ in range(6)]
    assert codes[-1] == 429
    assert api.ask("/login", "POST", body, kind).status == 429
    assert api.ask("/api/v1/snapshot", headers=session).status == 200


def test_token_file_that_others_can_read_is_refused(box: Sandbox) -> None:
    token = box.folder / "state" / "token"
    token.parent.mkdir(mode=0o700)
    token.write_text("a" * 40 + "\n")
    token.chmod(0o644)
    app_port = free_port()
    command = ["gunicorn", "--no-control-socket", "-b", f"127.0.0.1:{app_port}", "plain_app:app"]
    served = box.serve(command, app_port, host="0.0.0.0")
    eventually(lambda: served.app.answers("/"))  # the app serves, whatever is wrong with ours
    eventually(lambda: "can be read by other users" in served.log)
    assert not Client(served.api.port, timeout=1).answers("/api/v1/snapshot")
