"""The ladder for stuck requests: what is interrupted, who is replaced, and who never is."""

from __future__ import annotations

import time

import pytest
from harness import Background, Json, Running, Sandbox, eventually, free_port, is_running

LIMIT = 2
LADDER = {
    "STIRBAR_STUCK_REQUEST_LIMIT": str(LIMIT),
    "STIRBAR_STUCK_REQUEST_REPLACE_AFTER": "1",
}
REPLACE = {**LADDER, "STIRBAR_STUCK_REQUEST_REPLACE": "on"}


def hang(served: Running, path: str, many: int = 1) -> list[Background]:
    """Requests that get stuck, each in a worker of its own."""
    answers = []
    for number in range(1, many + 1):
        answers.append(served.app.ask_in_background(path, timeout=90))
        eventually(
            lambda wanted=number: len(in_flight(served, path)) >= wanted,
            what=f"{number} stuck",
        )
    return answers


def in_flight(served: Running, path: str) -> list[Json]:
    rule = path.rpartition("/")[0]
    return [row for row in served.api.snapshot()["in_flight"] if rule in row["route"]]


def texts(served: Running, kind: str) -> list[str]:
    return [event["text"] for event in served.api.events(kind)]


# R-REQ-7
@pytest.mark.parametrize("path", ["/lock/60", "/sleep/60"])
def test_exactly_the_stuck_worker_is_replaced(box: Sandbox, path: str) -> None:
    served = box.gunicorn("-t", "120", environment=REPLACE).ready(workers=2)
    before = served.api.worker_pids()
    hang(served, path)
    stuck = in_flight(served, path)[0]["pid"]

    # Until the successor serves, and for a while after: the other one serves every request.
    failed = 0
    slowest = 0.0
    until = time.monotonic() + LIMIT + 1 + 5 + 4
    while time.monotonic() < until:
        began = time.monotonic()
        if not served.app.answers("/pid", timeout=5):
            failed += 1
        slowest = max(slowest, time.monotonic() - began)
        time.sleep(0.02)
    assert failed == 0
    assert slowest < 3

    replaced = eventually(lambda: served.api.events("worker_replaced"), what="replaced")
    assert len(replaced) == 1
    assert f"(pid {stuck}) replaced: GET {path.rpartition('/')[0]}/<seconds>" in replaced[0]["text"]
    assert f"limit {LIMIT}.0 s" in replaced[0]["text"]
    assert not is_running(stuck)
    served.api.wait_for_workers(2)
    after = served.api.worker_pids()
    assert len(before & after) == 1
    assert stuck not in after


# R-REQ-7
@pytest.mark.parametrize("option", ["--enable-threads", "--die-on-term"])
def test_uwsgi_gets_a_new_worker(box: Sandbox, option: str) -> None:
    port = free_port()
    command = ["uwsgi", "--http-socket", f"127.0.0.1:{port}", "--master", "-p", "2"]
    served = box.serve(
        [*command, "--enable-threads", option, "--module", "plain_app:app"],
        port,
        environment=REPLACE,
    ).ready(workers=2)
    before = served.api.worker_pids()
    hang(served, "/sleep/60")
    stuck = in_flight(served, "/sleep/60")[0]["pid"]
    eventually(lambda: len(texts(served, "worker_replaced")) == 1, what="replaced")
    served.api.wait_for_workers(2)
    after = served.api.worker_pids()
    assert before - after == {stuck}
    assert served.app.ask("/").status == 200


# R-REQ-7: observe is the default of both rungs
def test_by_default_nobody_is_touched(box: Sandbox) -> None:
    served = box.gunicorn("-t", "120", environment=LADDER).ready(workers=2)
    before = served.api.worker_pids()
    answer = hang(served, "/sleep/6")[0]
    told = eventually(
        lambda: t if len(t := texts(served, "action_withheld")) == 2 else None, what="both rungs"
    )
    assert "would interrupt GET /sleep/<seconds>" in told[0]
    assert "stuck_request_interrupt is observe" in told[0]
    assert "would replace worker" in told[1]
    assert "stuck_request_replace is observe" in told[1]
    assert answer.result().status == 200
    assert served.api.worker_pids() == before
    assert len(texts(served, "action_withheld")) == 2
    assert texts(served, "worker_replaced") == texts(served, "request_interrupted") == []


# R-REQ-7
def test_the_only_worker_is_never_replaced(box: Sandbox) -> None:
    served = box.gunicorn("-w", "1", "-t", "120", environment=REPLACE).ready(workers=1)
    before = served.api.worker_pids()
    answer = hang(served, "/sleep/7")[0]
    eventually(
        lambda: [t for t in texts(served, "action_withheld") if "it is the only worker" in t],
        what="said why not",
    )
    assert answer.result().status == 200
    assert served.api.worker_pids() == before
    assert texts(served, "worker_replaced") == []


# R-REQ-7
def test_two_stuck_workers_are_replaced_one_after_the_other(box: Sandbox) -> None:
    served = box.gunicorn("-t", "120", environment=REPLACE).ready(workers=2)
    before = served.api.worker_pids()
    hang(served, "/sleep/60", many=2)
    eventually(lambda: len(texts(served, "worker_replaced")) == 2, what="both replaced")
    eventually(lambda: not before & served.api.worker_pids(), what="two new workers")
    served.api.wait_for_workers(2)
    assert served.app.ask("/").status == 200


# R-REQ-7
# One long sleep in C is interrupted only when it is over.
@pytest.mark.parametrize("path", ["/nap/60", "/spin/60"])
def test_an_interrupted_request_gets_504_and_its_worker_serves_on(box: Sandbox, path: str) -> None:
    environment = {**LADDER, "STIRBAR_STUCK_REQUEST_INTERRUPT": "on"}
    served = box.gunicorn("-t", "120", environment=environment).ready(workers=2)
    before = served.api.worker_pids()
    answer = hang(served, path)[0]
    response = answer.result(20)
    assert response.status == 504
    told = eventually(lambda: texts(served, "request_interrupted"))
    assert len(told) == 1
    assert "interrupted after" in told[0]
    assert served.api.worker_pids() == before
    assert [served.app.ask("/").status for _ in range(10)] == [200] * 10
