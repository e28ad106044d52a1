"""Outgoing calls: default time-outs, figures by host, breakers (R-REQ-5)."""

from __future__ import annotations

import time
from typing import Any

import pytest
from harness import Running, Sandbox, eventually
from upstream import upstream

LIBRARIES = ("urllib", "http-client", "requests")
LIMITS = {"STIRBAR_OUTGOING_CONNECT_TIMEOUT": "0.5", "STIRBAR_OUTGOING_READ_TIMEOUT": "0.5"}


@pytest.fixture(scope="module")
def app(shared_box: Sandbox) -> Running:
    return shared_box.gunicorn(
        "-w", "1", "--threads", "4", app="parts_app:app", environment=LIMITS
    ).ready(workers=1)


@pytest.fixture(scope="module")
def observed(shared_box: Sandbox) -> Running:
    environment = {**LIMITS, "STIRBAR_OUTGOING_TIMEOUTS": "1"}
    return shared_box.gunicorn(
        "-w", "1", "--threads", "4", app="parts_app:app", environment=environment
    ).ready(workers=1)


def host(app: Running, port: int, **expected: int) -> dict[str, Any]:
    """The figures of the host once they are as expected."""
    name = f"127.0.0.1:{port}"
    seen: dict[str, Any] = {}

    def told() -> bool:
        nonlocal seen
        hosts = app.api.ask("/api/v1/snapshot").json["hosts"]
        seen = next((h for h in hosts if h["host"] == name), {})
        assert expected.items() <= seen.items(), seen
        return True

    eventually(told, what=f"{expected} of {name}")
    return seen


def timed(app: Running, path: str) -> tuple[str, float]:
    began = time.monotonic()
    text = app.app.ask(path).text
    return text, time.monotonic() - began


@pytest.mark.parametrize("library", LIBRARIES)
@pytest.mark.parametrize("given", ["", "&timeout=none"])
def test_a_call_without_a_timeout_gets_one(app: Running, library: str, given: str) -> None:
    with upstream(delay=None) as other:
        text, seconds = timed(app, f"/{library}?port={other.port}{given}")
        assert "timed out" in text, text
        assert 0.4 < seconds < 3
        host(app, other.port, calls=1, failures=1, timeouts=1, defaulted=1)
        assert app.log.count(f"call to 127.0.0.1:{other.port} has no time-out") == 1


@pytest.mark.parametrize("library", LIBRARIES)
def test_one_that_was_given_is_kept(app: Running, library: str) -> None:
    with upstream(delay=1.0) as other:
        text, seconds = timed(app, f"/{library}?port={other.port}&timeout=5")
        assert text == "200" and seconds >= 1.0
        host(app, other.port, calls=1, failures=0, timeouts=0, defaulted=0)
        text, seconds = timed(app, f"/{library}?port={other.port}&timeout=0.2")
        assert "timed out" in text and seconds < 0.9
        host(app, other.port, calls=2, failures=1, timeouts=1, defaulted=0)


def test_a_connection_that_is_kept_has_it_at_each_call(app: Running) -> None:
    with upstream() as other:
        assert timed(app, f"/requests?port={other.port}&times=3")[0] == "200,200,200"
        figures = host(app, other.port, calls=3, failures=0)
        assert figures["defaulted"] >= 1


@pytest.mark.parametrize("library", LIBRARIES)
def test_observe_changes_nothing_but_says_so(observed: Running, library: str) -> None:
    with upstream(delay=1.2) as other:
        for _ in range(2):
            text, seconds = timed(observed, f"/{library}?port={other.port}")
            assert text == "200" and seconds >= 1.2
        host(observed, other.port, calls=2, failures=0, defaulted=2)
        assert observed.log.count(f"call to 127.0.0.1:{other.port} has no time-out") == 1


@pytest.mark.parametrize("library", LIBRARIES)
def test_a_refused_connection_is_a_failure(app: Running, library: str) -> None:
    with upstream() as other:
        port = other.port
    assert "refused" in timed(app, f"/{library}?port={port}")[0]
    host(app, port, calls=1, failures=1, timeouts=0)


@pytest.mark.parametrize("library", LIBRARIES)
def test_a_breaker_opens_and_closes(app: Running, library: str) -> None:
    with upstream(delay=None) as other:
        path = f"/{library}?port={other.port}&timeout=0.2"
        assert timed(app, f"/protect?port={other.port}")[0] == "ok"
        for _ in range(2):
            assert "timed out" in timed(app, path)[0]
        text, seconds = timed(app, path)
        assert "its breaker is open" in text and seconds < 0.2
        host(app, other.port, calls=2, failures=2, breaker_refusals=1)
        other.delay = 0.0
        time.sleep(0.7)  # the cooldown of 0.5 s and its quarter by chance
        for _ in range(3):
            assert timed(app, path)[0] == "200"
        host(app, other.port, calls=5, failures=2, breaker_refusals=1, breakers_open=0)
