"""Every request is counted, once, under its route: also while workers are killed."""

from __future__ import annotations

import re
import shutil
import socket
import subprocess

import pytest
from harness import Load, Running, Sandbox, eventually, kill


def counted(running: Running, expected: int) -> dict[str, int]:
    """The totals, once `expected` requests are in; more would be too many."""
    totals = running.api.wait_for_requests(expected)
    assert totals["requests"] == expected
    return totals


# R-REQ-1, R-ERR-1
def test_100000_requests_are_counted_exactly_over_killed_workers(box: Sandbox) -> None:
    served = box.gunicorn().ready(workers=2)
    before = served.api.totals()["requests"]
    load = Load(box, served.app.port, clients=6, requests=100_000)
    kills = 0
    # One kill each time another 12,000 have been counted, so that each new worker has served some.
    while load.running and kills < 7:
        served.api.wait_for_requests(before + 12_000 * (kills + 1), 120)
        if not load.running:
            break
        victim = sorted(served.api.worker_pids())[kills % 2]
        kill(victim)
        kills += 1
        eventually(lambda gone=victim: gone not in served.api.worker_pids(), what="buried")
        served.api.wait_for_workers(2)
    seen = load.result()
    assert kills >= 5
    assert seen.sent == 100_000
    assert seen.ok + seen.failed == seen.sent
    # A kill of a sync worker takes at most the request it is in, and the one it has accepted.
    assert seen.failed <= 2 * kills

    def settled() -> dict[str, int] | None:
        totals = served.api.totals()
        whole = totals["requests"] - before + totals["lost"]
        return totals if seen.ok <= whole and totals["workers_died"] == kills else None

    totals = eventually(settled, what="the totals are settled")
    requests = totals["requests"] - before
    assert seen.ok <= requests <= seen.ok + seen.failed
    assert requests + totals["lost"] <= seen.sent
    assert served.api.routes()["GET /"]["requests"] == totals["requests"]
    # Nothing comes in late, and none is counted twice once all workers have ended.
    pids = served.api.worker_pids()
    for pid in pids:
        kill(pid)
    eventually(lambda: served.api.totals()["workers_died"] == kills + len(pids))
    assert served.api.totals()["requests"] == totals["requests"]


# R-REQ-1
@pytest.mark.parametrize("worker", ["sync", "gthread"])
def test_requests_by_ab_are_counted_exactly(box: Sandbox, worker: str) -> None:
    ab = shutil.which("ab")
    assert ab is not None, "apache2-utils is missing: scripts/setup.sh test"
    served = box.gunicorn("-k", worker, "--threads", "4" if worker == "gthread" else "1")
    served.ready(workers=2)
    before = served.api.totals()["requests"]
    url = f"http://127.0.0.1:{served.app.port}/item/7"
    run = subprocess.run(
        [ab, "-q", "-k", "-n", "10000", "-c", "8", url],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    assert re.search(r"Complete requests: +10000\n", run.stdout)
    assert re.search(r"Failed requests: +0\n", run.stdout)
    totals = counted(served, before + 10_000)
    assert totals["errors"] == totals["lost"] == totals["exceptions"] == totals["shed"] == 0
    route = served.api.routes()["GET /item/<int:item_id>"]
    assert route["requests"] == route["status"]["2xx"] == 10_000
    assert sum(row["requests"] for row in served.api.workers()) == before + 10_000


# R-REQ-1
def test_counts_by_route_status_and_method(served: Running) -> None:
    app, api = served.app, served.api
    before = api.totals()["requests"]
    sent = 0

    def send(count: int, path: str, method: str = "GET", body: bytes | None = None) -> set[int]:
        nonlocal sent
        sent += count
        return {app.ask(path, method, body).status for _ in range(count)}

    assert send(5, "/") == {200}
    assert send(4, "/", "HEAD") == {200}
    assert send(3, "/nowhere/at/all") == {404}
    assert send(1, "/another/../nowhere?x=1") == {404}
    assert send(6, "/status/500") == {500}
    assert send(2, "/status/304") == {304}
    assert send(2, "/status/418") == {418}
    assert send(3, "/raise") == {500}
    assert send(7, "/echo", "POST", b"x" * 100_000) == {200}
    assert send(2, "/echo") == {405}
    assert send(3, "/stream?chunks=20") == {200}
    assert send(2, "/", "OPTIONS") == {200}
    assert send(2, "/", "PROPFIND") == {405}
    totals = counted(served, before + sent)
    assert totals["errors"] == 9
    # Flask turns the exception into a 500 itself: nothing goes through the WSGI callable.
    assert totals["exceptions"] == 0
    assert totals["lost"] == 0

    eventually(lambda: api.routes()["POST /echo"]["requests"] == 7)
    routes = api.routes()
    assert routes["GET /"]["requests"] >= 5
    assert routes["HEAD /"]["requests"] == 4
    assert routes["OPTIONS /"]["requests"] == 2
    assert routes["GET /status/<int:code>"]["status"] == {
        "1xx": 0,
        "2xx": 0,
        "3xx": 2,
        "4xx": 2,
        "5xx": 6,
    }
    assert routes["GET /raise"]["errors"] == 3
    assert routes["POST /echo"]["status"]["2xx"] == 7
    assert routes["GET /stream"]["requests"] == 3
    # Raw paths never become routes: 4 unknown paths and 4 wrong methods in one row.
    assert routes["(unmatched)"]["status"]["4xx"] == 8
    assert sum(row["requests"] for row in routes.values()) == before + sent


# R-REQ-1
def test_exceptions_through_the_wsgi_callable_count_as_errors(box: Sandbox) -> None:
    served = box.gunicorn(app="raising_app:app").ready(workers=2)
    for _ in range(4):
        assert served.app.ask("/raise").status == 500
    # The middleware that raises is inside what the probe wraps; the body breaks after its start.
    for _ in range(3):
        with pytest.raises(Exception, match="IncompleteRead|Connection|timed out"):
            served.app.ask("/broken-stream", timeout=5)
    totals = eventually(
        lambda: t if (t := served.api.totals())["exceptions"] == 7 else None, what="7 exceptions"
    )
    assert totals["errors"] == 7
    routes = eventually(lambda: r if "GET /broken-stream" in (r := served.api.routes()) else None)
    assert routes["GET /raise"]["exceptions"] == 4
    assert routes["GET /broken-stream"]["exceptions"] == 3
    assert served.app.ask("/").status == 200
    assert served.api.snapshot()["in_flight"] == []


# R-REQ-1, R-TASK-7: a streamed response is timed to its real end
def test_stream_is_in_flight_until_its_end_and_timed_to_it(served: Running) -> None:
    before = served.api.totals()["requests"]
    answer = served.app.ask_in_background("/stream?chunks=10&delay=0.15")

    def streaming() -> list[dict[str, object]]:
        return [row for row in served.api.snapshot()["in_flight"] if row["phase"] == "streaming"]

    (row,) = eventually(streaming, what="the stream is in flight")
    assert row["route"] == "GET /stream"
    assert answer.result().status == 200
    counted(served, before + 1)
    route = eventually(lambda: r if (r := served.api.routes()["GET /stream"])["requests"] else None)
    assert 1.4 <= route["max_seconds"] <= 15
    eventually(lambda: not served.api.snapshot()["in_flight"])


# R-REQ-1: a client that goes away in the middle of a stream
def test_stream_that_its_client_leaves_is_ended_and_counted(served: Running) -> None:
    before = served.api.totals()["requests"]
    with socket.create_connection(("127.0.0.1", served.app.port)) as client:
        client.sendall(b"GET /stream?chunks=600&delay=0.1 HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert client.recv(100).startswith(b"HTTP/1.1 200")
    counted(served, before + 1)
    eventually(lambda: not served.api.snapshot()["in_flight"])


# R-REQ-1, R-ERR-1: counters only ever grow, and history takes them up
def test_history_and_metrics_agree_with_the_totals(served: Running) -> None:
    before = served.api.totals()["requests"]
    for number in range(200):
        served.app.ask(f"/item/{number}")
    totals = counted(served, before + 200)

    def metric() -> bool:
        text = served.api.ask("/metrics").text
        lines = re.findall(
            r"^stirbar_http_requests_total\{[^}]*\} (\d+)", text, re.M
        ) or re.findall(r"^stirbar_requests_total(?:\{[^}]*\})? (\d+)", text, re.M)
        return sum(map(int, lines)) == totals["requests"]

    eventually(metric, what="/metrics adds up to the totals")

    def history() -> bool:
        series = served.api.ask("/api/v1/history?points=60").json["series"]
        rates = [rate for rate in series["requests_per_second"] if rate]
        # One point a second: the sum of the rates is about the number of requests.
        return 0.5 * 200 <= sum(rates) <= 2 * totals["requests"]

    eventually(history, 10, "the history shows the requests")


# R-REQ-1, R-ERR-1: however an app is wrapped, each request is counted once
@pytest.mark.parametrize(
    "kind", ["plain", "subclass", "proxyfix", "dispatcher", "wsgi_app", "wrapped", "factory"]
)
def test_each_request_is_counted_once_however_the_app_is_wrapped(box: Sandbox, kind: str) -> None:
    served = box.gunicorn("-w", "1", app="subclass_app:app", environment={"KIND": kind})
    served.ready(workers=1)
    path = "/inner/" if kind == "dispatcher" else "/"
    for _ in range(9):
        answer = served.app.ask(path)
        assert (answer.status, answer.text) == (200, "1")
    totals = counted(served, 10)
    assert totals["errors"] == 0
    assert eventually(lambda: served.api.routes()["GET /"]["requests"] == 10)
