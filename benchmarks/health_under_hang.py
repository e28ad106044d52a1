"""B3: the health answer while every worker of the app holds the interpreter lock.

Measured: 1,000 GETs of the supervisor's /health/ready, half on one kept connection and half each on
a connection of its own, while both gunicorn workers of examples/misbehaving_app.py hold the lock
(POST /trouble/lock): answered, and the time of each from connect to the last byte. Beside it the
same app without Stirbar in the same state: GETs of its own route /ping with a time-out of 1 s.

Unit: milliseconds of wall time; answers of 1,000.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator

import figure
import processes
from figure import Figure

LIMIT_MS = 5.0
WORKERS = 2
TIMEOUT_SECONDS = 1.0


@contextlib.contextmanager
def shop(*, watched: bool) -> Iterator[tuple[int, int]]:
    """The misbehaving app; gives its port and the supervisor's (0 where there is none)."""
    port = processes.free_port()
    examples = str(processes.ROOT / "examples")
    command = [processes.GUNICORN, "-w", str(WORKERS), "-b", f"127.0.0.1:{port}"]
    # Gunicorn's own time-out would kill the workers that are to hang.
    command += ["-t", "600", "--chdir", examples, "misbehaving_app:app"]
    with tempfile.TemporaryDirectory() as folder:
        environment = {"DATABASE_URL": f"sqlite:///{folder}/shop.db"}
        with contextlib.ExitStack() as stack:
            stirbar_port = 0
            if watched:
                app = processes.watched(command, workers=WORKERS, environment=environment)
                stirbar_port = stack.enter_context(app).port
            else:
                stack.enter_context(processes.running(command, environment))
            processes.wait_until("the shop answers", lambda: processes.get(port, "/ping")[0] == 200)
            yield port, stirbar_port


def hold_every_lock(port: int, seconds: float) -> None:
    """Keeps each worker in a call that holds the interpreter lock; returns once no one answers."""

    def hold() -> None:
        url = f"http://127.0.0.1:{port}/trouble/lock"
        with contextlib.suppress(OSError, http.client.HTTPException):
            urllib.request.urlopen(url, b"seconds=%d" % seconds, timeout=seconds + 5).read()

    for _ in range(WORKERS):
        threading.Thread(target=hold, daemon=True).start()
    quiet = 0
    while quiet < 2:
        try:
            processes.get(port, "/ping", timeout=0.5)
            quiet = 0
        except OSError:
            quiet += 1


def ask(get: Callable[[], tuple[int, bytes]], number: int) -> tuple[list[float], set[str]]:
    """Milliseconds of each answer, and what the answers said."""
    times, said = [], set()
    for _ in range(number):
        began = time.perf_counter()
        with contextlib.suppress(OSError, http.client.HTTPException):
            status, body = get()
            times.append((time.perf_counter() - began) * 1e3)
            document = json.loads(body) if body.startswith(b"{") else {}
            said.add(f"{status} {document.get('status', '')}".strip())
    return times, said


def answers_while_held(number: int) -> Figure:
    with shop(watched=True) as (port, stirbar_port):
        hold_every_lock(port, 120)
        processes.wait_until(
            "the supervisor has seen it",
            lambda: processes.get(stirbar_port, "/health/ready")[0] == 503,
            10,
        )
        kept = http.client.HTTPConnection("127.0.0.1", stirbar_port, timeout=TIMEOUT_SECONDS)

        def on_kept() -> tuple[int, bytes]:
            kept.request("GET", "/health/ready")
            answer = kept.getresponse()
            return answer.status, answer.read()

        times, said = ask(on_kept, number // 2)
        fresh_times, fresh_said = ask(
            lambda: processes.get(stirbar_port, "/health/ready", TIMEOUT_SECONDS), number // 2
        )
    times += fresh_times
    asked = number // 2 * 2
    if len(times) < asked:
        times += [float("inf")] * (asked - len(times))
    return Figure(
        "B3",
        f"/health/ready while {WORKERS} of {WORKERS} workers hold the lock, p99",
        processes.quantile(times, 0.99),
        "ms",
        processes.quantile(times, 0.5),
        max(times),
        f"p50 … max; {sum(t < 1e9 for t in times):,} of {asked:,} answered: "
        + ", ".join(sorted(said | fresh_said)),
        LIMIT_MS,
    )


def plain_while_held(number: int) -> Figure:
    with shop(watched=False) as (port, _):
        hold_every_lock(port, 120)
        times, _ = ask(lambda: processes.get(port, "/ping", TIMEOUT_SECONDS), number)
    return Figure(
        "B3",
        f"the plain app's own /ping in the same state, time-out {TIMEOUT_SECONDS:g} s",
        float(len(times)),
        f"of {number} answered",
    )


def measure(quick: bool) -> list[Figure]:
    return [answers_while_held(100 if quick else 1000), plain_while_held(3 if quick else 10)]


if __name__ == "__main__":
    sys.setswitchinterval(0.001)
    figure.main(__doc__, measure)
